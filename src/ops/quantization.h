// Quantisation to few bits and back: what QuantizeLinear and DequantizeLinear of every domain
// share.
#pragma once

#include <algorithm>
#include <cmath>

#include "ops/operator.h"

namespace escuta::ops {

// Which scale belongs to which element: one for all, one for each index of an axis, or one for each
// block of `block_size` indices of an axis.
class Granularity {
 public:
  // InvalidArgument where the scale's shape does not fit x. block_size 0: none.
  static Result<Granularity> create(const Shape& x, const Shape& scale, int64_t axis,
                                    int64_t block_size);

  // function(at, count, scale_at, scale_step) -> Status, for all elements of x: those from `at` on
  // have the scales scale_at, scale_at + scale_step, ...; the step is 0 or 1.
  template <typename F>
  Status for_each_run(F&& function) const {
    if (outer_ == 0 || count_ == 0 || inner_ == 0) return {};
    if (scales_ == 0) return function(int64_t{0}, outer_ * count_ * inner_, int64_t{0}, 0);
    for (int64_t o = 0; o < outer_; ++o) {
      RETURN_IF_ERROR(inner_ == 1 ? last_axis(o, function) : inner_axis(o, function));
    }
    return {};
  }

 private:
  template <typename F>
  Status last_axis(int64_t o, F& function) const {
    if (block_ == 0) return function(o * count_, count_, int64_t{0}, 1);
    for (int64_t s = 0; s < scales_; ++s) {
      const int64_t first = s * block_;
      RETURN_IF_ERROR(
          function(o * count_ + first, std::min(block_, count_ - first), o * scales_ + s, 0));
    }
    return {};
  }

  template <typename F>
  Status inner_axis(int64_t o, F& function) const {
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t at = (o * count_ + i) * inner_;
      RETURN_IF_ERROR(block_ == 0 ? function(at, inner_, i, 0)
                                  : function(at, inner_, (o * scales_ + i / block_) * inner_, 1));
    }
    return {};
  }

  // x is [outer, count, inner], count along the axis, which has `scales` of them (0: one for all).
  int64_t outer_ = 1, count_ = 1, inner_ = 1;
  int64_t scales_ = 0;
  int64_t block_ = 0;  // 0: the scales do not depend on outer and inner
};

// The integer nearest to value, ties to even, for |value| <= 2^22; beyond, something within 1 of it
// or in proportion. Infinities and NaN stay. Vectorises where processors lack such an instruction.
inline float round_small(float value) {
  constexpr float kMagic = 0x1.8p23f;  // floats of this size are integers
  return (value + kMagic) - kMagic;
}

// The integer type's ends, of up to 16 bits.
struct IntegerRange {
  float low = 0, high = 0;
};
IntegerRange integer_range(DType dtype);

// The 2, 4, 8 and 16-bit types that are quantised to.
bool is_quantized(DType dtype);

}  // namespace escuta::ops
