// Resampler: a mono stream at one rate -> the same at another, by libsoxr. One thread.
//
// Delay compensated: S samples in give max(1, round(S * dst_rate / src_rate)) out, for S > 0.
// Equal rates pass through unchanged.
#pragma once

#include <soxr.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"

namespace escuta::audio {

class Resampler {
 public:
  static Result<Resampler> create(int src_rate_hz, int dst_rate_hz);

  int src_rate_hz() const { return src_rate_hz_; }

  struct Progress {
    size_t consumed;  // of src
    size_t produced;  // of dst
  };
  // src [S] f32 at src_rate_hz -> dst [S'] f32 at dst_rate_hz. Takes at least one sample or gives
  // at least one, unless src or dst is empty.
  Result<Progress> process(std::span<const float> src, std::span<float> dst);

  // After the last process(): the rest, piece by piece; 0 when all is out.
  Result<size_t> drain(std::span<float> dst);

 private:
  struct Free {
    void operator()(soxr* handle) const { soxr_delete(handle); }
  };
  Resampler(int src_rate_hz, int dst_rate_hz)
      : src_rate_hz_(src_rate_hz), dst_rate_hz_(dst_rate_hz) {}

  int src_rate_hz_, dst_rate_hz_;
  std::unique_ptr<soxr, Free> soxr_;  // absent where the rates are equal
  int64_t consumed_ = 0, produced_ = 0;
};

}  // namespace escuta::audio
