// The log-mel features of a whole file, window by window, in bounded memory.
//
// Whisper's features are relative to the loudest moment of the file (log-mel clamped to the
// maximum less 8), so the file is measured once before the first window. Up to `buffered_frames`
// frames of that pass are kept; a longer file is decoded a second time, following the windows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "audio/log_mel.h"
#include "audio/source.h"
#include "base/status.h"
#include "models/silero/speech_spans.h"

namespace escuta::pipeline {

// One thread.
class FeatureSource {
 public:
  struct Options {
    audio::LogMelConfig mel = {};
    int64_t window_frames = 3000;
    int64_t buffered_frames = 60'000;      // ten minutes: 19 MB with 80 bins
    std::function<bool()> cancelled = {};  // may be empty
    // Hears the samples of the first reading; may be empty.
    std::function<Status(std::span<const float>)> on_samples = {};
  };

  // Measures the file. Errors are AudioSource's; Cancelled.
  static Result<FeatureSource> open(const std::filesystem::path& path, const Options& options);

  const audio::AudioInfo& info() const { return info_; }
  double duration_s() const;
  int64_t frames() const { return frames_; }  // of the file, without padding
  // Frames up to the last one with anything above the clamp: after it there is only silence.
  int64_t audible_frames() const { return audible_frames_; }
  int64_t damaged_packets() const { return damaged_packets_; }

  // From now on frames() and all positions count the frames of `parts` alone, as if nothing else
  // were in the file: ascending, in frames, not empty. Once, before anything is read.
  void keep(std::vector<silero::Speech> parts);

  // Frames begin .. begin+count-1 as [1, n_mels, window_frames] f32, normalised as openai/whisper
  // does and padded with zeros; count <= window_frames. `begin` must not go back.
  Result<Tensor> window(int64_t begin, int64_t count);

  // The same, but it may be asked for frames before these afterwards.
  Result<Tensor> ahead(int64_t begin, int64_t count);

  // The middle of the quietest 0.3 s whose middle is one of the frames first .. last-1, the last of
  // equals: a good place to cut. Frames up to `last` and a little more are read; last <= frames(),
  // and `first` must not go back.
  Result<int64_t> quietest(int64_t first, int64_t last);

  double decode_ms() const { return decode_ms_; }
  double features_ms() const { return features_ms_; }

 private:
  FeatureSource(std::filesystem::path path, Options options)
      : path_(std::move(path)), options_(std::move(options)) {}
  Status start_pass();
  Status measure();
  Result<bool> advance();  // appends frames to rows_; false at the end
  Result<Tensor> normalised(int64_t begin, int64_t count) const;
  Status read_up_to(int64_t end, int64_t keep_from);
  void drop_before(int64_t frame);
  void keep_rows(size_t from_row);  // of the rows from that one on

  std::filesystem::path path_;
  Options options_;
  std::unique_ptr<audio::AudioSource> source_;
  std::unique_ptr<audio::LogMelExtractor> extractor_;
  audio::AudioInfo info_;
  std::vector<float> samples_;
  std::vector<float> rows_;  // log10 mel, frame-major, from first_row_ on
  int64_t first_row_ = 0;
  int64_t rows_read_ = 0;              // of the file, in this pass
  std::vector<silero::Speech> parts_;  // that are kept; the last is what comes after the file
  int64_t samples_read_ = 0;
  bool at_end_ = false;

  int64_t samples_total_ = 0;
  int64_t frames_ = 0;
  int64_t audible_frames_ = 0;
  int64_t damaged_packets_ = 0;
  float max_log10_ = 0;
  double decode_ms_ = 0, features_ms_ = 0;
};

}  // namespace escuta::pipeline
