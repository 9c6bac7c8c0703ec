// How audio is transcribed.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/silero/speech_spans.h"
#include "models/silero/vad_model.h"
#include "models/whisper/window.h"
#include "models/whisper/words.h"
#include "pipeline/language_choice.h"
#include "pipeline/transcript.h"
#include "pipeline/word_times.h"

namespace escuta::pipeline {

struct AudioInput {
  std::filesystem::path path;
  std::string language = {};  // empty: that of the options
};

// Gives one file after the other, nothing after the last. Called once more than there are files at
// most, in the thread that transcribes, and for one file before the one at hand is done.
using NextInput = std::function<std::optional<AudioInput>()>;

struct TranscribeOptions {
  std::string language = "auto";    // a code, or auto: detected in each file
  LanguageOptions detection;        // of the language, where it is auto
  whisper::DecodeOptions decoding;  // its `cancelled` and `threads` are set by the Transcriber
  // Text that the first window is told came before; and whether the others are told what did.
  std::string prompt;
  bool carry_prompt = false;  // every window is told
  bool condition_on_previous_text = true;

  // Text that the first window is taken to begin with.
  std::string prefix;
  // Phrases that are made more probable while they are spoken, by so much on the logits.
  std::vector<std::string> hotwords;
  double hotword_boost = 4;
  // No token with a digit, a currency's or a percent sign: numbers are spelled out; and none in
  // which the expression (UTF-8, PCRE2's syntax) is found. Empty: any.
  bool suppress_numerals = false;
  std::string suppress_regex;

  // What alone may be said in a window: a grammar in GBNF (text/grammar.h), or one of some phrases.
  // Empty: anything.
  std::string grammar;
  std::vector<std::string> phrases;

  // Where there is one, only what it takes for speech is heard: the rest is left out before windows
  // are cut, so that silence neither takes time nor makes the model invent words.
  std::shared_ptr<const silero::VadModel> vad;
  silero::SpanOptions speech;

  // When each word is said: the model must have been loaded to align (whisper::LoadOptions::align).
  bool words = false;
  Punctuation punctuation = {whisper::kPrependedPunctuation, whisper::kAppendedPunctuation};
  // With words: text that seems invented for silence of more than so many seconds is left out.
  std::optional<double> invented_silence_s;
  // Windows that are decoded together, of one file and of several. Over 1, a file is cut at quiet
  // moments, and no window is told what was said before it.
  size_t batch_size = 1;

  std::function<void(const Segment&)> on_segment;  // as each one is final
  // `file` counts from 0 in the order given.
  std::function<void(size_t file, double position_s, double duration_s)> on_progress;
  std::function<bool()> cancelled;
};

}  // namespace escuta::pipeline
