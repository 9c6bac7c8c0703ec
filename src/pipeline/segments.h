// Tokens of one window -> segments with times, and where the next window begins.
//
// The rules are those of openai/whisper's transcribe.py: a pair of timestamps ends a segment; an
// unfinished one is dropped and heard again by the next window, which starts at the last timestamp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace escuta::pipeline {

struct WindowTime {
  double offset_s = 0;               // of the window in the file
  int64_t frames = 0;                // of sound in the window, without padding
  double seconds_per_frame = 0;      // hop length
  int64_t frames_per_timestamp = 0;  // a timestamp token is this many frames long
  int32_t timestamp_begin = 0;       // token of <|0.00|>
  // No later window hears what follows the last pair: it is a segment, up to the window's end.
  bool keeps_rest = false;
};

struct TimedTokens {
  double start_s = 0;
  double end_s = 0;
  std::vector<int32_t> tokens;
};

struct WindowSegments {
  std::vector<TimedTokens> segments;
  int64_t advance_frames = 0;  // from this window's start to the next one's; may be 0
};

WindowSegments split_by_timestamps(std::span<const int32_t> tokens, const WindowTime& window);

}  // namespace escuta::pipeline
