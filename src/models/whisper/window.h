// Decoding windows: prompts, logit rules, search, the way back to higher temperatures where a
// result cannot be right, and what is known of the result.
//
// Options and their defaults are those of openai/whisper's transcribe.py.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "generate/logit_rules.h"
#include "models/whisper/model.h"
#include "models/whisper/vocabulary.h"

namespace escuta::whisper {

struct DecodeOptions {
  Task task = Task::kTranscribe;
  bool timestamps = true;
  // How late the first timestamp may be; nullopt: what the model says, or 1 s.
  std::optional<double> max_initial_timestamp_s;

  // Tokens that are never said; kListedTokens stands for those that the model lists.
  std::vector<int32_t> suppress_tokens = {kListedTokens};
  bool suppress_blank = true;  // nor the model's blanks as the first one
  static constexpr int32_t kListedTokens = -1;

  // Phrases that become more probable while they are spoken: `phrase_boost` is added to the logits
  // of their next tokens (generate::boost_phrases).
  std::vector<std::vector<int32_t>> phrases;
  double phrase_boost = 0;

  // What alone may be said in a window (grammar_rule.h); null: anything.
  std::shared_ptr<const generate::LogitRule> grammar;

  // Tried in this order until a result passes the thresholds; the last one's stands. Not empty.
  std::vector<double> temperatures = {0};
  size_t beam_size = 1;                  // at temperature 0; 1: greedy search
  size_t best_of = 5;                    // samples at temperatures over 0
  double patience = 1;                   // of beam search: beam_size * patience ends are waited for
  std::optional<double> length_penalty;  // ((5 + length) / 6)^p; nullopt: mean log probability
  double repetition_penalty = 1;         // over 1: words said before are less probable
  size_t no_repeat_ngram_size = 0;       // over 0: no run of so many tokens comes twice
  uint64_t seed = 0;                     // of the samples

  // A text that compresses better than this repeats itself; one whose mean log probability is below
  // this is guessed. Both are decoded again, unless the window is silence: the model says so with
  // more than no_speech_threshold, and is not sure of its words either.
  double compression_ratio_threshold = 2.4;
  double logprob_threshold = -1.0;
  double no_speech_threshold = 0.6;

  int threads = 0;                  // for the logit rules; 0: all there are
  std::function<bool()> cancelled;  // may be empty
};

struct Window {
  engine::Value encoder_states;   // [1, max_source_positions, D]
  std::string language;           // a code of the vocabulary
  std::vector<int32_t> prompt;    // tokens that come before all; only their end is used
  std::vector<int32_t> previous;  // tokens of the text before; of these, what there is room for
  std::vector<int32_t> prefix;    // text that the result begins with
  uint64_t place = 0;             // what distinguishes its samples from other windows'
  // Somebody speaks up to here, in seconds: a text with timestamps that breaks off before goes on.
  double speech_end_s = 0;
};

struct WindowResult {
  std::vector<int32_t> tokens;   // text and timestamps, without the end token
  bool looped = false;           // repeated itself over and over; cut off after the first time
  bool without_history = false;  // did so first with the text before, and was decoded without
  bool ended = false;            // by the end token, not by the room there is for tokens
  double temperature = 0;        // that it was found with
  double avg_logprob = 0;        // over tokens and the end token
  double no_speech_prob = 0;
  std::string language;          // of the window
  double compression_ratio = 0;  // bytes of the text / bytes that zlib makes of it
};

// A result per window. Windows are rows of one batch; what is found for one does not depend on the
// others. Only those that fail a threshold are decoded again.
Result<std::vector<WindowResult>> decode_windows(const Model& model, const Vocabulary& vocabulary,
                                                 std::span<const Window> windows,
                                                 const DecodeOptions& options);

// Whether the model says that nobody speaks.
bool is_silence(const WindowResult& result, const DecodeOptions& options);

// Whether a result is so bad that the next temperature is to be tried.
bool needs_fallback(const WindowResult& result, const DecodeOptions& options);

struct Language {
  std::string code;
  double probability = 0;
};

// The languages that a window may be in, the most probable first, one decoder step after
// <|startoftranscript|> (openai/whisper, detect_language). English-only models: en with
// probability 1.
Result<std::vector<Language>> detect_languages(const Model& model, const Vocabulary& vocabulary,
                                               const engine::Value& encoder_states);

// 0 for an empty text.
double compression_ratio(std::string_view text);

}  // namespace escuta::whisper
