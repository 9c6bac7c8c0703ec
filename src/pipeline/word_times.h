// Words with the times that an alignment gave them -> the words of segments: punctuation joined,
// times repaired where alignments are known to be wrong (openai/whisper, timing.py).
//
// All times are seconds of what is heard.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipeline/transcript.h"

namespace escuta::pipeline {

// What is part of the word after it, and of the word before it; characters one after another.
struct Punctuation {
  std::string prepended, appended;
};

// A segment on its way: between the timestamps of the model, then between those of its words.
struct WordSegment {
  double start_s = 0;
  double end_s = 0;
  std::vector<Word> words;
};

// Where nobody speaks.
struct Pause {
  double begin_s = 0, end_s = 0;
};

// Joins punctuation to its words, which keep their own times.
void join_punctuation(std::vector<Word>& words, const Punctuation& punctuation);

// The segments of one window, in order. `last_speech_end_s`: where the words before this window
// ended. Shortens words that reach over a pause: beside the ends of sentences, and the first ones
// after silence; then makes segments begin and end with their words, unless these are plainly too
// long. What begins where one of `pauses` ends, or ends where one begins, is long because it was
// heard so, and stays.
void repair_words(std::span<WordSegment> segments, const Punctuation& punctuation,
                  double last_speech_end_s, std::span<const Pause> pauses = {});

}  // namespace escuta::pipeline
