#include "audio/log_mel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "audio/mel_filters.h"
#include "kernels/table.h"

namespace escuta::audio {
namespace {

constexpr double kPowerFloor = 1e-10;
constexpr size_t kChunkSamples = 16384;  // what push() copies and transforms at a time

Status check_config(const LogMelConfig& config) {
  if (config.rate_hz < 100 || config.rate_hz > 768'000) {
    return invalid_argument("log-mel: expected a rate of 100..768000 Hz, found {}", config.rate_hz);
  }
  int rest = config.n_fft / 2;
  for (const int prime : {2, 3, 5}) {
    while (rest > 1 && rest % prime == 0) rest /= prime;
  }
  if (config.n_fft < 4 || config.n_fft > 8192 || config.n_fft % 2 != 0 || rest != 1) {
    return invalid_argument(
        "log-mel: expected an n_fft of 4..8192, twice a product of 2, 3 and 5, found {}",
        config.n_fft);
  }
  if (config.hop_length < 1 || config.hop_length > config.n_fft / 2) {
    return invalid_argument("log-mel: expected a hop_length of 1..n_fft / 2 = {}, found {}",
                            config.n_fft / 2, config.hop_length);
  }
  if (config.n_mels < 1 || config.n_mels > 1024) {
    return invalid_argument("log-mel: expected 1..1024 mel bins, found {}", config.n_mels);
  }
  return Status();
}

// Index of a signal of `count` samples, reflected at both ends as numpy.pad(mode="reflect") does.
int64_t reflect(int64_t index, int64_t count) {
  if (count == 1) return 0;
  const int64_t period = 2 * (count - 1);
  index = ((index % period) + period) % period;
  return index < count ? index : period - index;
}

}  // namespace

class LogMelExtractor::Impl {
 public:
  explicit Impl(const LogMelConfig& config);
  Impl(const Impl&) = delete;  // plan_ points into the vectors
  Impl& operator=(const Impl&) = delete;

  const LogMelConfig& config() const { return config_; }
  void push(std::span<const float> samples, std::vector<float>& frames);
  void finish(int64_t pad_samples, std::vector<float>& frames);

 private:
  void make_fft_tables();
  void emit(int64_t count, std::vector<float>& frames);

  LogMelConfig config_;
  const kernels::KernelTable& table_;
  kernels::LogMelPlan plan_{};
  std::vector<double> window_, twiddle_, split_, scratch_;
  MelFilters filters_;

  // While !started_: the signal so far, at most n_fft / 2 samples. Then: the padded signal from
  // the start of the next frame on.
  std::vector<float> buffer_;
  bool started_ = false;
  int64_t samples_ = 0;  // pushed so far
  int64_t emitted_ = 0;  // frames
};

LogMelExtractor::Impl::Impl(const LogMelConfig& config)
    : config_(config),
      table_(kernels::kernels()),
      filters_(make_mel_filters(config.rate_hz, config.n_fft, config.n_mels)) {
  make_fft_tables();
  plan_.n_fft = config.n_fft;
  plan_.hop_length = config.hop_length;
  plan_.n_mels = config.n_mels;
  plan_.window = window_.data();
  plan_.twiddle = twiddle_.data();
  plan_.split = split_.data();
  plan_.mel_begin = filters_.begin.data();
  plan_.mel_end = filters_.end.data();
  plan_.mel_weight = filters_.weight.data();
  plan_.power_floor = kPowerFloor;
  scratch_.resize(static_cast<size_t>(kernels::log_mel_scratch(plan_, table_.lanes_f64)));
  buffer_.reserve(kChunkSamples + 2 * static_cast<size_t>(config.n_fft));
}

void LogMelExtractor::Impl::make_fft_tables() {
  const int n = config_.n_fft, half = n / 2;
  const double turn = 2 * std::numbers::pi / n;
  for (int i = 0; i < n; ++i) window_.push_back(0.5 - 0.5 * std::cos(turn * i));  // periodic Hann
  for (int k = 0; k < half; ++k) {
    twiddle_.push_back(std::cos(turn * 2 * k));
    twiddle_.push_back(-std::sin(turn * 2 * k));
  }
  for (int k = 0; k <= n / 4; ++k) {
    split_.push_back(std::cos(turn * k));
    split_.push_back(-std::sin(turn * k));
  }
  int rest = half;
  for (const int radix : {4, 2, 3, 5}) {
    for (; rest % radix == 0; rest /= radix) plan_.radix[plan_.stage_count++] = radix;
  }
}

// Appends the next `count` frames, which buffer_ holds whole.
void LogMelExtractor::Impl::emit(int64_t count, std::vector<float>& frames) {
  if (count <= 0) return;
  const size_t before = frames.size();
  frames.resize(before + static_cast<size_t>(count) * static_cast<size_t>(config_.n_mels));
  table_.log_mel(plan_, buffer_.data(), count, scratch_.data(), frames.data() + before);
  buffer_.erase(buffer_.begin(), buffer_.begin() + count * config_.hop_length);
  emitted_ += count;
}

void LogMelExtractor::Impl::push(std::span<const float> samples, std::vector<float>& frames) {
  const int64_t n_fft = config_.n_fft, half = n_fft / 2;
  while (!samples.empty()) {
    const auto chunk = samples.first(std::min(samples.size(), kChunkSamples));
    samples = samples.subspan(chunk.size());
    buffer_.insert(buffer_.end(), chunk.begin(), chunk.end());
    samples_ += static_cast<int64_t>(chunk.size());
    if (!started_) {
      if (samples_ <= half) continue;
      // The reflection in front: samples half, half - 1, .. 1.
      const std::vector<float> front(buffer_.begin() + 1, buffer_.begin() + 1 + half);
      buffer_.insert(buffer_.begin(), front.rbegin(), front.rend());
      started_ = true;
    }
    const auto held = static_cast<int64_t>(buffer_.size());
    if (held >= n_fft) emit((held - n_fft) / config_.hop_length + 1, frames);
  }
}

void LogMelExtractor::Impl::finish(int64_t pad_samples, std::vector<float>& frames) {
  static constexpr std::array<float, 4096> kZeros{};
  for (int64_t left = pad_samples; left > 0;) {
    const auto count = static_cast<size_t>(std::min<int64_t>(left, kZeros.size()));
    push(std::span(kZeros).first(count), frames);
    left -= static_cast<int64_t>(count);
  }
  const int64_t half = config_.n_fft / 2;
  const int64_t left = samples_ / config_.hop_length - emitted_;
  if (left > 0 && !started_) {  // shorter than its own reflection
    const std::vector<float> signal = std::move(buffer_);
    buffer_.clear();
    for (int64_t i = -half; i < samples_ + half; ++i) {
      buffer_.push_back(signal[static_cast<size_t>(reflect(i, samples_))]);
    }
  } else if (left > 0) {
    // hop_length <= n_fft / 2, so that buffer_ still holds what is reflected.
    const int64_t needed = (left - 1) * config_.hop_length + config_.n_fft;
    const size_t held = buffer_.size();
    for (size_t j = 0; static_cast<int64_t>(held + j) < needed; ++j) {
      buffer_.push_back(buffer_[held - 2 - j]);
    }
  }
  emit(left, frames);
  buffer_.clear();
  started_ = false;
  samples_ = emitted_ = 0;
}

LogMelExtractor::LogMelExtractor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogMelExtractor::LogMelExtractor(LogMelExtractor&&) noexcept = default;
LogMelExtractor& LogMelExtractor::operator=(LogMelExtractor&&) noexcept = default;
LogMelExtractor::~LogMelExtractor() = default;

Result<LogMelExtractor> LogMelExtractor::create(const LogMelConfig& config) {
  RETURN_IF_ERROR(check_config(config));
  return LogMelExtractor(std::make_unique<Impl>(config));
}

const LogMelConfig& LogMelExtractor::config() const { return impl_->config(); }

void LogMelExtractor::push(std::span<const float> samples, std::vector<float>& frames) {
  impl_->push(samples, frames);
}

void LogMelExtractor::finish(int64_t pad_samples, std::vector<float>& frames) {
  impl_->finish(pad_samples, frames);
}

Result<Tensor> log_mel_spectrogram(std::span<const float> samples, const LogMelConfig& config,
                                   int64_t pad_samples) {
  ASSIGN_OR_RETURN(LogMelExtractor extractor, LogMelExtractor::create(config));
  const int64_t padded = static_cast<int64_t>(samples.size()) + std::max<int64_t>(pad_samples, 0);
  const int64_t least = std::max<int64_t>(config.n_fft / 2 + 1, config.hop_length);
  if (padded < least) {
    return invalid_argument("log-mel: expected at least {} samples, padding included, found {}",
                            least, padded);
  }
  std::vector<float> frames;
  frames.reserve(static_cast<size_t>(padded / config.hop_length * config.n_mels));
  extractor.push(samples, frames);
  extractor.finish(pad_samples, frames);
  ASSIGN_OR_RETURN(Tensor features,
                   Tensor::create(DType::kFloat, {config.n_mels, padded / config.hop_length}));
  const float max_log10 = *std::max_element(frames.begin(), frames.end());
  normalise_log_mel(frames, config.n_mels, max_log10, features.as<float>());
  return features;
}

void normalise_log_mel(std::span<const float> frames, int n_mels, float max_log10,
                       std::span<float> dst) {
  ESCUTA_CHECK(n_mels > 0 && dst.size() == frames.size());
  const auto mels = static_cast<size_t>(n_mels);
  const size_t count = frames.size() / mels;
  const float floor = max_log10 - 8;
  // Blocks of frames, so that the rows of dst are written in whole cache lines.
  constexpr size_t kBlock = 16;
  for (size_t first = 0; first < count; first += kBlock) {
    const size_t end = std::min(first + kBlock, count);
    for (size_t m = 0; m < mels; ++m) {
      for (size_t t = first; t < end; ++t) {
        dst[m * count + t] = (std::max(frames[t * mels + m], floor) + 4) / 4;
      }
    }
  }
}

}  // namespace escuta::audio
