// One file on its way through the windows: what is heard goes in, what is found becomes segments.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "models/silero/speech_map.h"
#include "models/whisper/model.h"
#include "models/whisper/vocabulary.h"
#include "models/whisper/window.h"
#include "pipeline/feature_source.h"
#include "pipeline/invented.h"
#include "pipeline/pauses.h"
#include "pipeline/segments.h"
#include "pipeline/transcribe_options.h"
#include "pipeline/transcript.h"
#include "pipeline/word_times.h"

namespace escuta::pipeline {

// What all files of one call have in common.
struct Recognizer {
  const whisper::Model& model;
  const whisper::Vocabulary& vocabulary;
  const TranscribeOptions& options;
  whisper::DecodeOptions decoding;
};

// A part of a file that is decoded as one.
struct Span {
  int64_t begin = 0, count = 0;  // frames
};

// One thread. The Recognizer outlives it.
class FileRun {
 public:
  // Measures the file. Errors are FeatureSource's.
  static Result<FileRun> open(const Recognizer& recognizer, size_t number, const AudioInput& input);

  // What follows counts as the file's time, with what opening it took; what passed in between,
  // while it waited for its turn, does not.
  void start_clock() { since_open_ = Stopwatch(); }

  // The window that begins at `begin`, up to its length or the end of the file; count is 0 where
  // only silence follows.
  Span next(int64_t begin) const;
  // The same, but what is longer than a window is cut at the quietest moment of its last third.
  Result<Span> next_cut(int64_t begin);

  // [1, n_mels, window_frames]: the span's features. Spans do not go back.
  Result<Tensor> features(const Span& span) { return features_.window(span.begin, span.count); }

  // Runs the encoder on the features of `span`, and chooses the language where it is not known.
  Result<whisper::Window> encode(const Span& span, Tensor features);

  // Takes over what was found, `ms` being its share of the time. Gives the frame where it ends:
  // what follows, in the span or after it, is to be heard next. `states`: the window's encoder
  // states, where words are wanted.
  Result<int64_t> add(const Span& span, const whisper::WindowResult& result,
                      const engine::Value& states, double ms);

  // The whole transcript, once.
  Transcript finish();

 private:
  FileRun(const Recognizer& recognizer, size_t number, FeatureSource features)
      : recognizer_(&recognizer), number_(number), features_(std::move(features)) {}
  const whisper::Config& config() const { return recognizer_->model.config(); }
  bool is_cut() const { return recognizer_->options.batch_size > 1; }
  double seconds(int64_t frames) const;
  int64_t frame_of(double seconds) const;
  double speech_end_s(const Span& span) const;
  // Seconds of the file where something begins, or ends, in what is heard of it.
  double begin_in_file(int64_t frame) const;
  double end_in_file(int64_t frame) const;
  bool says_all(const Span& span, const whisper::WindowResult& result,
                const WindowSegments& split) const;
  Status choose_language(const Span& span, const engine::Value& states);
  Status hear_language(const engine::Value& states);
  bool is_heard(const TimedTokens& part) const;
  // Adds a window's segments with their words. Gives the frame where it ends, which is `end` by its
  // timestamps.
  Result<int64_t> add_words(const Span& span, const WindowSegments& split,
                            const engine::Value& states, int64_t end,
                            const whisper::WindowResult& result);
  // A window's segments, with their words as the alignment has them.
  Result<std::vector<WordSegment>> find_words(const Span& span, const WindowSegments& split,
                                              const engine::Value& states,
                                              const std::string& language);
  // Where the window ends according to its words; `end` according to its timestamps.
  int64_t end_of_words(const Span& span, int64_t end, std::span<const WordSegment> segments) const;
  void add_segment(std::span<const int32_t> tokens, WordSegment timed,
                   const whisper::WindowResult& result);
  void place_in_file(WordSegment timed, Segment& segment) const;
  void remember(std::span<const int32_t> tokens);
  void sort_segments();
  void report(int64_t position) const;

  const Recognizer* recognizer_;
  size_t number_;
  FeatureSource features_;
  std::optional<silero::SpeechMap> speech_;  // in frames; nothing where all of the file is heard
  Transcript transcript_;
  double opening_ms_ = 0;
  Stopwatch since_open_;
  std::optional<LanguageChoice> languages_;       // nothing where the language was given
  std::map<int64_t, std::vector<Pause>> pauses_;  // of encoded windows, by where they begin
  double last_speech_end_s_ = 0;                  // where the words so far end, in what is heard
  std::vector<int32_t> prompt_;                   // for every window
  std::vector<int32_t> previous_;  // what was said so far, for the next window's prompt
  std::vector<int32_t> prefix_;    // of the first window, until that is there
};

}  // namespace escuta::pipeline
