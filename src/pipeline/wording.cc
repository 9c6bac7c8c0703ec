#include "pipeline/wording.h"

#include "models/whisper/grammar_rule.h"
#include "pipeline/strings.h"
#include "text/regex.h"

namespace escuta::pipeline {
namespace {

// A digit of any script, or a sign that is read out as a word beside one.
constexpr std::string_view kNumerals = "[\\p{Nd}%$\u00a3\u20ac\u00a5]";

// Tokens of text in which the expression is found.
Result<std::vector<int32_t>> matching(const whisper::Vocabulary& vocabulary,
                                      std::string_view pattern) {
  ASSIGN_OR_RETURN(const text::Regex regex, text::Regex::compile(pattern));
  std::vector<int32_t> found;
  for (int32_t token = 0; token < vocabulary.end_of_text(); ++token) {
    const std::string text = vocabulary.text({&token, 1});
    if (!text.empty() && !regex.find_all(text).empty()) found.push_back(token);
  }
  return found;
}

Status add_matching(const whisper::Vocabulary& vocabulary, std::string_view pattern,
                    whisper::DecodeOptions& decoding) {
  ASSIGN_OR_RETURN(const std::vector<int32_t> tokens, matching(vocabulary, pattern));
  std::vector<int32_t>& never = decoding.suppress_tokens;
  never.insert(never.end(), tokens.begin(), tokens.end());
  return Status();
}

Status add_grammar(const TranscribeOptions& options, const whisper::Vocabulary& vocabulary,
                   whisper::DecodeOptions& decoding) {
  if (options.grammar.empty() && options.phrases.empty()) return Status();
  if (!trimmed(options.prefix).empty()) {
    return invalid_argument("a grammar: expected no prefix beside it; it says itself what begins");
  }
  Result<text::Grammar> grammar = options.grammar.empty()
                                      ? text::Grammar::of_phrases(options.phrases)
                                      : text::Grammar::parse(options.grammar);
  if (!grammar.ok()) return grammar.status();
  decoding.grammar = whisper::grammar_rule(std::move(*grammar), vocabulary);
  return Status();
}

}  // namespace

std::vector<int32_t> tokens_of(const whisper::Vocabulary& vocabulary, std::string_view text) {
  return vocabulary.tokenizer().encode(" " + std::string(trimmed(text)));
}

Result<whisper::DecodeOptions> decoding_with_words(const TranscribeOptions& options,
                                                   const whisper::Vocabulary& vocabulary,
                                                   const whisper::Config& config) {
  whisper::DecodeOptions decoding = options.decoding;
  decoding.phrase_boost = options.hotword_boost;
  for (const std::string& phrase : options.hotwords) {
    if (trimmed(phrase).empty()) {
      return invalid_argument("hotwords: expected a word or phrase, found `{}`", phrase);
    }
    decoding.phrases.push_back(tokens_of(vocabulary, phrase));
  }
  if (options.suppress_numerals) {
    RETURN_IF_ERROR(add_matching(vocabulary, kNumerals, decoding));
  }
  if (!options.suppress_regex.empty()) {
    const Status added = add_matching(vocabulary, options.suppress_regex, decoding);
    if (!added.ok()) return added.with_context("suppress regex");
  }
  RETURN_IF_ERROR(add_grammar(options, vocabulary, decoding));
  const auto room = static_cast<size_t>(config.max_target_positions) / 2;
  const size_t prefix = tokens_of(vocabulary, options.prefix).size();
  if (!trimmed(options.prefix).empty() && prefix + 2 > room) {
    return invalid_argument("prefix: expected at most {} tokens, found {}", room - 2, prefix);
  }
  return decoding;
}

}  // namespace escuta::pipeline
