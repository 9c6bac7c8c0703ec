// Text that the model invented for silence, told by its words (openai/whisper, transcribe.py).
//
// All times are seconds of what is heard.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "pipeline/word_times.h"

namespace escuta::pipeline {

// A window that was decoded, and what is around it.
struct DecodedWindow {
  double begin_s = 0;
  double end_s = 0;              // of its sound
  double file_end_s = 0;         // of everything
  double last_speech_end_s = 0;  // of the windows before
  bool ends_early = false;       // the text breaks off before the window's end
};

struct Judgement {
  size_t kept = 0;               // of the segments, the first ones
  std::optional<double> next_s;  // where to hear on, if not where the window ends anyway
};

// Words that take hardly any time or far too much, or are improbable, are signs of it; a segment
// that is full of them, or all of them, is invented where silence of more than `silence_s` or
// another such segment is on both sides of it. It is left out, with what follows; hearing goes on
// there.
Judgement judge(std::span<const WordSegment> segments, const DecodedWindow& window,
                const Punctuation& punctuation, double silence_s);

}  // namespace escuta::pipeline
