#include "models/whisper/vocabulary.h"

#include <algorithm>

namespace escuta::whisper {
namespace {

Result<int32_t> needed(const text::Tokenizer& tokenizer, std::string_view token,
                       const Config& config) {
  const std::optional<int32_t> id = tokenizer.token_to_id(token);
  if (!id) return invalid_argument("tokenizer.json: expected a token {}, found none", token);
  if (*id >= config.vocab_size) {
    return invalid_argument(
        "tokenizer.json: expected {} below the model's vocabulary of {}, found {}", token,
        config.vocab_size, *id);
  }
  return *id;
}

// Multilingual vocabularies have 51,865 entries or more; English-only ones one less
// (openai/whisper, model.py: is_multilingual).
constexpr int64_t kFirstMultilingualVocabulary = 51865;

// "<|de|>" -> "de"; "" for anything else. Codes are two or three letters ("yue", "haw").
std::string language_code(std::string_view token) {
  if (!token.starts_with("<|") || !token.ends_with("|>")) return "";
  const std::string_view code = token.substr(2, token.size() - 4);
  const bool letters = std::ranges::all_of(code, [](char c) { return c >= 'a' && c <= 'z'; });
  return letters && (code.size() == 2 || code.size() == 3) ? std::string(code) : "";
}

}  // namespace

Result<Vocabulary> Vocabulary::create(std::shared_ptr<const text::Tokenizer> tokenizer,
                                      const Config& config) {
  Vocabulary v;
  const text::Tokenizer& t = *tokenizer;
  ASSIGN_OR_RETURN(v.end_of_text_, needed(t, "<|endoftext|>", config));
  ASSIGN_OR_RETURN(v.start_of_transcript_, needed(t, "<|startoftranscript|>", config));
  ASSIGN_OR_RETURN(v.start_of_previous_, needed(t, "<|startofprev|>", config));
  ASSIGN_OR_RETURN(v.no_timestamps_, needed(t, "<|notimestamps|>", config));
  ASSIGN_OR_RETURN(v.transcribe_, needed(t, "<|transcribe|>", config));
  ASSIGN_OR_RETURN(v.translate_, needed(t, "<|translate|>", config));
  v.start_of_lm_ = t.token_to_id("<|startoflm|>").value_or(-1);
  // large-v3 and later call it nospeech, older tokenizers nocaptions.
  v.no_speech_ =
      t.token_to_id("<|nospeech|>").value_or(t.token_to_id("<|nocaptions|>").value_or(-1));
  v.is_multilingual_ =
      config.is_multilingual.value_or(config.vocab_size >= kFirstMultilingualVocabulary);
  if (v.is_multilingual_) {
    // Languages follow <|startoftranscript|> without a gap, up to the first other special token.
    for (int32_t id = v.start_of_transcript_ + 1; id < t.vocab_size(); ++id) {
      const std::string code = language_code(t.id_to_token(id));
      if (code.empty()) break;
      v.languages_.emplace_back(code, id);
    }
    if (v.languages_.empty()) {
      return invalid_argument(
          "tokenizer.json: expected language tokens after <|startoftranscript|>"
          " for a multilingual model, found none");
    }
  }
  v.tokenizer_ = std::move(tokenizer);
  return v;
}

std::optional<int32_t> Vocabulary::language_token(std::string_view code) const {
  for (const auto& [name, token] : languages_) {
    if (name == code) return token;
  }
  return std::nullopt;
}

Result<std::vector<int32_t>> Vocabulary::start_sequence(std::string_view language, Task task,
                                                        bool timestamps) const {
  std::vector<int32_t> tokens = {start_of_transcript_};
  if (is_multilingual_) {
    const std::optional<int32_t> id = language_token(language);
    if (!id) {
      return invalid_argument(
          "language: expected one of this model's {} codes such as {}, found `{}`",
          languages_.size(), languages_.front().first, language);
    }
    tokens.push_back(*id);
    tokens.push_back(task == Task::kTranslate ? translate_ : transcribe_);
  } else if (language != "en" || task == Task::kTranslate) {
    return invalid_argument(
        "this model knows English only: expected language en and task "
        "transcribe, found language {} and task {}",
        language, task == Task::kTranslate ? "translate" : "transcribe");
  }
  if (!timestamps) tokens.push_back(no_timestamps_);
  return tokens;
}

std::vector<int32_t> Vocabulary::never_sampled() const {
  std::vector<int32_t> tokens = {start_of_transcript_, start_of_previous_, transcribe_, translate_};
  if (start_of_lm_ >= 0) tokens.push_back(start_of_lm_);
  if (no_speech_ >= 0) tokens.push_back(no_speech_);
  return tokens;
}

std::string Vocabulary::text(std::span<const int32_t> tokens) const {
  std::vector<int32_t> words;
  for (const int32_t token : tokens) {
    if (token < end_of_text_) words.push_back(token);
  }
  return tokenizer_->decode(words);
}

}  // namespace escuta::whisper
