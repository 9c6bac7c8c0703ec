// Decoding one window: prompt, logit rules, search, and what is known of the result.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "models/whisper/model.h"
#include "models/whisper/vocabulary.h"

namespace escuta::whisper {

struct WindowOptions {
  std::string language;  // a code of the vocabulary
  Task task = Task::kTranscribe;
  bool timestamps = true;
  std::vector<int32_t> previous;    // tokens of the text before, the prompt; only its end is used
  std::function<bool()> cancelled;  // may be empty
};

struct WindowResult {
  std::vector<int32_t> tokens;  // text and timestamps, without the end token
  double avg_logprob = 0;       // over tokens and the end token
  double no_speech_prob = 0;
  double compression_ratio = 0;  // bytes of the text / bytes that zlib makes of it
};

// Greedy search at temperature 0 under openai/whisper's rules.
Result<WindowResult> decode_window(const Model& model, const Vocabulary& vocabulary,
                                   const engine::Value& encoder_states,
                                   const WindowOptions& options);

struct Language {
  std::string code;
  double probability = 0;
};

// The most probable language of a window, one decoder step after <|startoftranscript|>
// (openai/whisper, detect_language). English-only models: en with probability 1.
Result<Language> detect_language(const Model& model, const Vocabulary& vocabulary,
                                 const engine::Value& encoder_states);

// 0 for an empty text.
double compression_ratio(std::string_view text);

}  // namespace escuta::whisper
