#include "audio/resampler.h"

#include <algorithm>

namespace escuta::audio {
namespace {

// What soxr is given at once. With few samples out per sample in, and the reverse, this bounds
// what it holds.
constexpr size_t kMaxBlock = 4096;

// round(samples * dst / src) without overflow: hours at 768 kHz are under 2^42 samples.
int64_t expected_samples(int64_t samples, int64_t src_rate_hz, int64_t dst_rate_hz) {
  if (samples == 0) return 0;
  const int64_t whole = samples / src_rate_hz, rest = samples % src_rate_hz;
  const int64_t rounded = (rest * dst_rate_hz + src_rate_hz / 2) / src_rate_hz;
  return std::max<int64_t>(1, whole * dst_rate_hz + rounded);
}

}  // namespace

Result<Resampler> Resampler::create(int src_rate_hz, int dst_rate_hz) {
  Resampler resampler(src_rate_hz, dst_rate_hz);
  if (src_rate_hz != dst_rate_hz) {
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    soxr_error_t error = nullptr;
    resampler.soxr_.reset(
        soxr_create(src_rate_hz, dst_rate_hz, 1, &error, &io, &quality, &runtime));
    if (error != nullptr || !resampler.soxr_) {
      return internal_error("soxr cannot resample {} Hz to {} Hz: {}", src_rate_hz, dst_rate_hz,
                            error != nullptr ? error : "no reason given");
    }
  }
  return resampler;
}

Result<Resampler::Progress> Resampler::process(std::span<const float> src, std::span<float> dst) {
  Progress progress{};
  if (!soxr_) {
    progress.consumed = progress.produced = std::min(src.size(), dst.size());
    std::copy_n(src.begin(), progress.consumed, dst.begin());
  } else {
    const soxr_error_t error =
        soxr_process(soxr_.get(), src.data(), std::min(src.size(), kMaxBlock), &progress.consumed,
                     dst.data(), dst.size(), &progress.produced);
    if (error != nullptr) return internal_error("soxr failed: {}", error);
  }
  consumed_ += static_cast<int64_t>(progress.consumed);
  produced_ += static_cast<int64_t>(progress.produced);
  return progress;
}

Result<size_t> Resampler::drain(std::span<float> dst) {
  const int64_t left = expected_samples(consumed_, src_rate_hz_, dst_rate_hz_) - produced_;
  if (left <= 0 || dst.empty()) return size_t{0};
  dst = dst.first(std::min(dst.size(), static_cast<size_t>(left)));
  size_t produced = 0;
  if (soxr_) {
    const soxr_error_t error =
        soxr_process(soxr_.get(), nullptr, 0, nullptr, dst.data(), dst.size(), &produced);
    if (error != nullptr) return internal_error("soxr failed: {}", error);
  }
  // soxr rounds down where we round to nearest: the last sample is silence.
  std::fill(dst.begin() + static_cast<ptrdiff_t>(produced), dst.end(), 0.0f);
  produced_ += static_cast<int64_t>(dst.size());
  return dst.size();
}

}  // namespace escuta::audio
