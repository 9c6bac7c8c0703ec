// Whisper's special tokens and languages, found in its tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "models/whisper/config.h"
#include "text/tokenizer.h"

namespace escuta::whisper {

enum class Task { kTranscribe, kTranslate };

// Immutable; any thread.
class Vocabulary {
 public:
  // InvalidArgument when a token that the model needs is missing or outside its vocabulary.
  static Result<Vocabulary> create(std::shared_ptr<const text::Tokenizer> tokenizer,
                                   const Config& config);

  const text::Tokenizer& tokenizer() const { return *tokenizer_; }

  int32_t end_of_text() const { return end_of_text_; }
  int32_t start_of_transcript() const { return start_of_transcript_; }
  int32_t start_of_previous() const { return start_of_previous_; }
  int32_t no_timestamps() const { return no_timestamps_; }
  int32_t no_speech() const { return no_speech_; }                // -1 where the tokenizer has none
  int32_t timestamp_begin() const { return no_timestamps_ + 1; }  // <|0.00|>
  bool is_timestamp(int32_t token) const { return token >= timestamp_begin(); }

  bool is_multilingual() const { return is_multilingual_; }
  // Code ("de") and token of every language, in the tokenizer's order; English-only models: none.
  std::span<const std::pair<std::string, int32_t>> languages() const { return languages_; }
  std::optional<int32_t> language_token(std::string_view code) const;

  // <|startoftranscript|>, then language and task for multilingual models, then
  // <|notimestamps|> where timestamps are not wanted. InvalidArgument for an unknown language, or
  // a language or task that an English-only model cannot serve.
  Result<std::vector<int32_t>> start_sequence(std::string_view language, Task task,
                                              bool timestamps) const;

  // Special tokens that are never text: they are suppressed beside the configured ones.
  std::vector<int32_t> never_sampled() const;

  // The text of a segment: timestamps and special tokens left out.
  std::string text(std::span<const int32_t> tokens) const;

 private:
  Vocabulary() = default;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  int32_t end_of_text_ = 0, start_of_transcript_ = 0, start_of_previous_ = 0;
  int32_t no_timestamps_ = 0, no_speech_ = -1;
  int32_t transcribe_ = 0, translate_ = 0, start_of_lm_ = -1;
  bool is_multilingual_ = false;
  std::vector<std::pair<std::string, int32_t>> languages_;
};

}  // namespace escuta::whisper
