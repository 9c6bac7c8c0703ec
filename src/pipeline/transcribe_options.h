// How audio is transcribed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "models/silero/speech_spans.h"
#include "models/silero/vad_model.h"
#include "models/whisper/window.h"
#include "models/whisper/words.h"
#include "pipeline/transcript.h"
#include "pipeline/word_times.h"

namespace escuta::pipeline {

struct TranscribeOptions {
  std::string language = "auto";    // a code, or auto: detected in the first window of each file
  whisper::DecodeOptions decoding;  // its `cancelled` and `threads` are set by the Transcriber
  // Text that the first window is told came before; and whether the others are told what did.
  std::string prompt;
  bool condition_on_previous_text = true;

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
