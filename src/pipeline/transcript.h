// What a transcription gives: plain values, for writers, servers and bindings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/session.h"

namespace escuta::pipeline {

// A word as it was heard, in seconds of the file.
struct Word {
  double start_s = 0;
  double end_s = 0;
  std::string text;        // with the space before it and the punctuation beside it
  double probability = 0;  // the mean of its tokens'
};

struct Segment {
  int id = 0;
  double start_s = 0;
  double end_s = 0;
  std::string text;             // as the model wrote it, with its leading space
  std::vector<int32_t> tokens;  // timestamps included
  double temperature = 0;
  double avg_logprob = 0;
  double compression_ratio = 0;
  double no_speech_prob = 0;
  std::vector<Word> words = {};  // where they were asked for; their texts joined are the segment's
};

// Wall time of each part, in milliseconds.
struct Timing {
  double load_ms = 0;
  double decode_audio_ms = 0;
  double features_ms = 0;
  double encode_ms = 0;
  double decode_ms = 0;
  double total_ms = 0;  // of this file; loading the model is not in it
  int64_t tokens = 0;
};

struct Transcript {
  std::string file;
  double duration_s = 0;
  std::string language;
  double language_probability = 0;
  std::vector<Segment> segments;
  std::string model;
  std::vector<engine::Placement> providers;
  Timing timing;

  // The segments' texts joined, without space at the ends.
  std::string text() const;
  // Audio seconds per wall second.
  double realtime_factor() const;
};

}  // namespace escuta::pipeline
