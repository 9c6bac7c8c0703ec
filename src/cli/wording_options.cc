#include "cli/wording_options.h"

#include "base/files.h"
#include "cli/lists.h"
#include "text/utf8.h"

namespace escuta::cli {
namespace {

constexpr size_t kMostGrammarBytes = size_t{1} << 20;

// What is said to the model is UTF-8 and more than space.
Status take_text(std::string_view option, const std::optional<std::string>& typed,
                 std::string& text) {
  if (!typed) return Status();
  if (!text::is_utf8(*typed) || typed->find_first_not_of(" \t\r\n") == std::string::npos) {
    return invalid_argument("{}: expected text, found `{}`", option,
                            text::replace_invalid_utf8(*typed));
  }
  text = *typed;
  return Status();
}

}  // namespace

void add_wording_options(CLI::App& command, WordingOptions& o) {
  const std::string group = "Words";
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(group);
  };
  const auto flag = [&](const char* name, bool& value, const char* help) {
    command.add_flag(name, value, help)->group(group);
  };
  add("--prompt", o.prompt, "Text that is taken as said before the first words");
  flag("--carry-prompt", o.carry_prompt,
       "Every window is told the prompt, not the first one alone");
  flag("--no-condition-on-previous-text", o.no_condition,
       "Do not show a window the text before it (less context, fewer loops)");
  add("--prefix", o.prefix, "Text that the first window begins with");
  add("--hotwords", o.hotwords,
      "Words and phrases to expect: with commas, or @FILE with a line each")
      ->type_name("LIST");
  add("--hotword-boost", o.hotword_boost,
      "What the logit of a hotword's next token gets while it is spoken (4)")
      ->check(CLI::Range(0.0, 100.0));
  add("--suppress-tokens", o.suppress_tokens,
      "Ids that are never said; -1: those that the model lists; \"\": none (-1)")
      ->type_name("IDS");
  flag("--no-suppress-blank", o.no_suppress_blank, "A window may begin with a blank");
  flag("--suppress-numerals", o.suppress_numerals, "Numbers are spelled out: no token has a digit");
  add("--suppress-regex", o.suppress_regex, "No token is said in which this is found")
      ->type_name("REGEX");
  add("--grammar", o.grammar, "Only what this grammar in GBNF allows is said in a window")
      ->type_name("FILE");
  add("--phrases", o.phrases,
      "Only one of these is said in a window: with commas, or @FILE with a line each")
      ->type_name("LIST");
}

Status understand_wording(const WordingOptions& typed, pipeline::TranscribeOptions& transcribe) {
  RETURN_IF_ERROR(take_text("--prompt", typed.prompt, transcribe.prompt));
  RETURN_IF_ERROR(take_text("--prefix", typed.prefix, transcribe.prefix));
  RETURN_IF_ERROR(take_text("--suppress-regex", typed.suppress_regex, transcribe.suppress_regex));
  if (typed.carry_prompt && !typed.prompt) {
    return invalid_argument(
        "--carry-prompt: expected --prompt beside it; there is nothing to carry");
  }
  if (typed.hotword_boost && !typed.hotwords) {
    return invalid_argument(
        "--hotword-boost: expected --hotwords beside it; without, it has no effect");
  }
  if (typed.hotwords) {
    ASSIGN_OR_RETURN(transcribe.hotwords,
                     parse_list_or_file("--hotwords", *typed.hotwords, "\"Krause,Bad Aachen\""));
  }
  if (typed.grammar && typed.phrases) {
    return invalid_argument("--grammar: expected no --phrases beside it; both say what is allowed");
  }
  if (typed.prefix && (typed.grammar || typed.phrases)) {
    return invalid_argument(
        "--prefix: expected no --grammar or --phrases beside it; they say what a window begins "
        "with");
  }
  if (typed.grammar) {
    Result<std::string> text = read_file(*typed.grammar, kMostGrammarBytes);
    if (!text.ok()) return text.status().with_context("--grammar");
    transcribe.grammar = std::move(*text);
    if (transcribe.grammar.empty()) {
      return invalid_argument("--grammar: {}: expected rules, found an empty file", *typed.grammar);
    }
  }
  if (typed.phrases) {
    ASSIGN_OR_RETURN(transcribe.phrases,
                     parse_list_or_file("--phrases", *typed.phrases, "\"lights on,lights off\""));
  }
  if (typed.suppress_tokens) {
    ASSIGN_OR_RETURN(transcribe.decoding.suppress_tokens,
                     parse_ids("--suppress-tokens", *typed.suppress_tokens,
                               whisper::DecodeOptions::kListedTokens, "-1,50257"));
  }
  transcribe.carry_prompt = typed.carry_prompt;
  transcribe.condition_on_previous_text = !typed.no_condition;
  transcribe.hotword_boost = typed.hotword_boost.value_or(transcribe.hotword_boost);
  transcribe.decoding.suppress_blank = !typed.no_suppress_blank;
  transcribe.suppress_numerals = typed.suppress_numerals;
  return Status();
}

}  // namespace escuta::cli
