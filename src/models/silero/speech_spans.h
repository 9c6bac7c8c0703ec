// Probabilities of speech, one per chunk of a stream -> the spans in which somebody speaks.
//
// The rules are those of silero-vad's get_speech_timestamps (version 6) and of faster-whisper's
// (1.2), which differ in their defaults and in where they cut what is too long; tests/golden holds
// both to us. One further rule is ours: CutWithoutSilence::kLeastSpeech.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"

namespace escuta::silero {

// [begin, end) in samples of the stream.
struct Speech {
  int64_t begin = 0;
  int64_t end = 0;
  friend bool operator==(const Speech&, const Speech&) = default;
};

// Where a span that reaches max_speech_ms ends, of the silences inside it that are longer than
// min_silence_at_max_ms.
enum class CutAtSilence {
  kLast,     // faster-whisper's
  kLongest,  // silero-vad's, from version 6 on
};
// Where, if there is no such silence.
enum class CutWithoutSilence {
  kLeastSpeech,  // at the least probable chunk of the span's second half; nothing is lost
  kNow,          // at the limit, as both programs do; the chunk there belongs to no span
};

// The defaults are faster-whisper's: for a model that transcribes, which does better with whole
// sentences and some silence around them than with every breath cut out.
struct SpanOptions {
  float threshold = 0.5f;              // speech begins at chunks that are at least as probable,
  std::optional<float> neg_threshold;  // and ends at those below; max(threshold - 0.15, 0.01)
  int64_t min_speech_ms = 0;           // spans must be longer than this, before padding
  int64_t min_silence_ms = 2000;       // shorter silences do not end a span
  int64_t pad_ms = 400;                // added on both sides; half of the silence where two meet
  int64_t max_speech_ms = 0;           // of a span with its padding; 0: no limit
  int64_t min_silence_at_max_ms = 98;
  CutAtSilence cut_at_silence = CutAtSilence::kLast;
  CutWithoutSilence cut_without_silence = CutWithoutSilence::kLeastSpeech;

  // silero-vad's own defaults: speech as exactly as it can be told.
  static SpanOptions silero_defaults();
};

// Finds the spans of one stream, chunk after chunk. Memory: the spans, and one number per chunk of
// max_speech_ms. One thread.
class SpanFinder {
 public:
  // InvalidArgument, with the option's name: a threshold outside 0..1, a negative time, or a
  // max_speech_ms that leaves no room beside the padding. `rate_hz`, `chunk`: samples per second
  // and per probability.
  static Result<SpanFinder> create(const SpanOptions& options, int rate_hz, int64_t chunk);

  // The next chunk's probability, 0..1.
  void push(float probability);
  // The stream was this many samples long; its last chunk may have been cut. The finder begins
  // anew.
  std::vector<Speech> finish(int64_t samples);

 private:
  struct Silence {
    int64_t begin = 0, end = 0;
  };
  SpanFinder() = default;
  void speech_returns(int64_t at);
  bool cut(int64_t at);  // whether the chunk at `at` is still to be looked at
  bool cut_at(const Silence& silence);
  void continue_at(int64_t at);
  void silence_at(int64_t at);
  void close(int64_t end);
  void forget_silences();
  std::vector<Speech> padded(int64_t samples);

  SpanOptions options_;
  float neg_threshold_ = 0;
  // In samples.
  int64_t chunk_ = 0, min_speech_ = 0, min_silence_ = 0, min_silence_at_max_ = 0, pad_ = 0;
  int64_t limit_ = 0;  // of a span without its padding; 0: none

  int64_t next_ = 0;                      // where the next chunk begins
  std::optional<int64_t> begin_;          // of the speech that goes on
  std::optional<int64_t> silence_begin_;  // of the silence in it that goes on
  // The silence inside it where it would be cut; end 0: it goes on.
  std::optional<Silence> candidate_;
  std::vector<float> probabilities_;  // of its chunks, where they may be asked for
  std::vector<Speech> spans_;
};

// All at once.
Result<std::vector<Speech>> find_speech(std::span<const float> probabilities, int64_t samples,
                                        int rate_hz, int64_t chunk, const SpanOptions& options);

}  // namespace escuta::silero
