#include "pipeline/feature_source.h"

#include <algorithm>
#include <limits>
#include <system_error>

#include "base/clock.h"

namespace escuta::pipeline {
namespace {

constexpr size_t kBlockSamples = 1 << 16;  // four seconds at 16 kHz

// How far below the loudest moment features are clamped (openai/whisper, audio.py).
constexpr float kDynamicRangeLog10 = 8.0f;

// How long a pause is that is good to cut in.
constexpr double kQuietSeconds = 0.3;

}  // namespace

Result<FeatureSource> FeatureSource::open(const std::filesystem::path& path,
                                          const Options& options) {
  FeatureSource source(path, options);
  RETURN_IF_ERROR(source.start_pass());
  RETURN_IF_ERROR(source.measure());
  return source;
}

double FeatureSource::duration_s() const {
  return static_cast<double>(samples_total_) / options_.mel.rate_hz;
}

Status FeatureSource::start_pass() {
  ASSIGN_OR_RETURN(source_, audio::AudioSource::open(path_, {.rate_hz = options_.mel.rate_hz}));
  ASSIGN_OR_RETURN(audio::LogMelExtractor extractor, audio::LogMelExtractor::create(options_.mel));
  extractor_ = std::make_unique<audio::LogMelExtractor>(std::move(extractor));
  info_ = source_->info();
  samples_.resize(kBlockSamples);
  rows_.clear();
  first_row_ = 0;
  rows_read_ = 0;
  samples_read_ = 0;
  at_end_ = false;
  return Status();
}

Result<bool> FeatureSource::advance() {
  if (at_end_) return false;
  if (options_.cancelled && options_.cancelled()) return cancelled("reading was cancelled");
  const Stopwatch decoding;
  ASSIGN_OR_RETURN(const size_t n, source_->read(samples_));
  decode_ms_ += decoding.ms();
  const Stopwatch features;
  const size_t rows = rows_.size() / static_cast<size_t>(options_.mel.n_mels);
  if (n > 0) {
    const std::span<const float> samples = std::span(samples_).first(n);
    if (options_.on_samples) RETURN_IF_ERROR(options_.on_samples(samples));
    extractor_->push(samples, rows_);
    samples_read_ += static_cast<int64_t>(n);
  } else {
    // The end sounds as if silence went on: whole windows of it, as openai/whisper pads.
    extractor_->finish(options_.window_frames * options_.mel.hop_length, rows_);
    at_end_ = true;
  }
  keep_rows(rows);
  features_ms_ += features.ms();
  return true;
}

void FeatureSource::keep_rows(size_t from_row) {
  const auto mels = static_cast<size_t>(options_.mel.n_mels);
  const size_t end = rows_.size() / mels;
  const int64_t first = rows_read_;  // the frame of the file that `from_row` is
  rows_read_ += static_cast<int64_t>(end - from_row);
  if (parts_.empty()) return;
  size_t kept = from_row;
  for (const silero::Speech& part : parts_) {
    const int64_t last = std::min(part.end, rows_read_);
    for (int64_t frame = std::max(part.begin, first); frame < last; ++frame, ++kept) {
      const size_t row = from_row + static_cast<size_t>(frame - first);
      if (row != kept) std::copy_n(rows_.data() + row * mels, mels, rows_.data() + kept * mels);
    }
  }
  rows_.resize(kept * mels);
}

void FeatureSource::keep(std::vector<silero::Speech> parts) {
  ESCUTA_CHECK(parts_.empty() && first_row_ == 0);
  parts_ = std::move(parts);
  int64_t audible = 0, all = 0;
  for (const silero::Speech& part : parts_) {
    ESCUTA_CHECK(part.begin >= 0 && part.begin < part.end && part.end <= frames_);
    all += part.end - part.begin;
    audible += std::clamp<int64_t>(audible_frames_ - part.begin, 0, part.end - part.begin);
  }
  parts_.push_back({frames_, std::numeric_limits<int64_t>::max()});
  frames_ = all;
  audible_frames_ = audible;
  rows_read_ = 0;
  keep_rows(0);
}

void FeatureSource::drop_before(int64_t frame) {
  const auto mels = static_cast<int64_t>(options_.mel.n_mels);
  const int64_t rows = static_cast<int64_t>(rows_.size()) / mels;
  const int64_t dropped = std::clamp<int64_t>(frame - first_row_, 0, rows);
  rows_.erase(rows_.begin(), rows_.begin() + dropped * mels);
  first_row_ += dropped;
}

Status FeatureSource::measure() {
  const auto mels = static_cast<size_t>(options_.mel.n_mels);
  // The loudest bin of every frame: 400 bytes a second, to find the end of sound afterwards.
  std::vector<float> loudest;
  bool buffered = true;
  // A pipe cannot be read twice: its features are all kept, 115 MB an hour with 80 bins.
  std::error_code ignored;
  const bool rereadable = std::filesystem::is_regular_file(path_, ignored);
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, advance());
    if (!more) break;
    const size_t seen = loudest.size() - static_cast<size_t>(first_row_);
    for (size_t row = seen; row < rows_.size() / mels; ++row) {
      const auto begin = rows_.begin() + static_cast<int64_t>(row * mels);
      loudest.push_back(*std::max_element(begin, begin + static_cast<int64_t>(mels)));
    }
    if (rereadable && static_cast<int64_t>(loudest.size()) > options_.buffered_frames) {
      buffered = false;
    }
    if (!buffered) drop_before(static_cast<int64_t>(loudest.size()));
  }
  options_.on_samples = nullptr;
  samples_total_ = samples_read_;
  damaged_packets_ = source_->damaged_packets();
  frames_ = samples_total_ / options_.mel.hop_length;
  if (loudest.empty()) return Status();
  max_log10_ = *std::max_element(loudest.begin(), loudest.end());
  const float silence = *std::min_element(loudest.begin(), loudest.end());
  const float floor = std::max(max_log10_ - kDynamicRangeLog10, silence);
  loudest.resize(
      static_cast<size_t>(std::min<int64_t>(frames_, static_cast<int64_t>(loudest.size()))));
  const auto last =
      std::find_if(loudest.rbegin(), loudest.rend(), [&](float level) { return level > floor; });
  audible_frames_ = loudest.rend() - last;
  if (!buffered) return start_pass();
  return Status();
}

Status FeatureSource::read_up_to(int64_t end, int64_t keep_from) {
  const auto mels = static_cast<int64_t>(options_.mel.n_mels);
  drop_before(keep_from);
  while (first_row_ + static_cast<int64_t>(rows_.size()) / mels < end) {
    ASSIGN_OR_RETURN(const bool more, advance());
    if (!more) {
      return data_loss("{}: expected {} frames as at the first reading, found {}", path_.string(),
                       end, first_row_ + static_cast<int64_t>(rows_.size()) / mels);
    }
    drop_before(keep_from);
  }
  return Status();
}

Result<int64_t> FeatureSource::quietest(int64_t first, int64_t last) {
  ESCUTA_CHECK(first >= first_row_ && first < last);
  const auto mels = static_cast<int64_t>(options_.mel.n_mels);
  const auto half =
      static_cast<int64_t>(kQuietSeconds / 2 * options_.mel.rate_hz) / options_.mel.hop_length;
  const int64_t begin = std::max(first_row_, first - half);
  const int64_t end = last + half;  // within the silence after the end
  RETURN_IF_ERROR(read_up_to(end, first_row_));
  const float floor = max_log10_ - kDynamicRangeLog10;
  std::vector<double> sums = {0};  // of the levels of the frames from `begin` on
  for (int64_t frame = begin; frame < end; ++frame) {
    const float* row = rows_.data() + (frame - first_row_) * mels;
    double level = 0;
    for (int64_t bin = 0; bin < mels; ++bin) level += std::max(row[bin], floor);
    sums.push_back(sums.back() + level);
  }
  int64_t best = first;
  double best_level = std::numeric_limits<double>::infinity();
  for (int64_t frame = first; frame < last; ++frame) {
    const int64_t from = std::max(begin, frame - half), to = std::min(end, frame + half + 1);
    const double level =
        (sums[static_cast<size_t>(to - begin)] - sums[static_cast<size_t>(from - begin)]) /
        static_cast<double>(to - from);
    if (level <= best_level) {
      best_level = level;
      best = frame;
    }
  }
  return best;
}

Result<Tensor> FeatureSource::window(int64_t begin, int64_t count) {
  ESCUTA_CHECK(begin >= first_row_ && count <= options_.window_frames);
  RETURN_IF_ERROR(read_up_to(begin + count, begin));
  return normalised(begin, count);
}

Result<Tensor> FeatureSource::ahead(int64_t begin, int64_t count) {
  ESCUTA_CHECK(begin >= first_row_ && count <= options_.window_frames);
  RETURN_IF_ERROR(read_up_to(begin + count, first_row_));
  return normalised(begin, count);
}

Result<Tensor> FeatureSource::normalised(int64_t begin, int64_t count) const {
  const auto mels = static_cast<int64_t>(options_.mel.n_mels);
  ASSIGN_OR_RETURN(Tensor mel, Tensor::create(DType::kFloat, {1, mels, options_.window_frames}));
  std::vector<float> content(static_cast<size_t>(count * mels));
  const int64_t first = (begin - first_row_) * mels;
  audio::normalise_log_mel(
      std::span(rows_).subspan(static_cast<size_t>(first), static_cast<size_t>(count * mels)),
      options_.mel.n_mels, max_log10_, content);
  for (int64_t bin = 0; bin < mels; ++bin) {
    std::copy_n(content.begin() + bin * count, count,
                mel.as<float>().begin() + bin * options_.window_frames);
  }
  return mel;
}

}  // namespace escuta::pipeline
