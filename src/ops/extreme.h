// Rules for the greatest and the least element (reduction.h); NaN wins over numbers, as in numpy.
#pragma once

#include "ops/reduction.h"

namespace escuta::ops {

// What every element beats, and the result for none: the other end of T.
template <typename T, bool kMax>
constexpr Wide<T> weakest() {
  using W = Wide<T>;
  if constexpr (std::numeric_limits<W>::has_infinity) {
    return kMax ? -std::numeric_limits<W>::infinity() : std::numeric_limits<W>::infinity();
  } else {
    return kMax ? std::numeric_limits<W>::lowest() : std::numeric_limits<W>::max();
  }
}

template <bool kMax>
struct Extreme {
  template <typename T>
  using Accumulator = Wide<T>;
  template <typename T>
  static constexpr Wide<T> kFirst = weakest<T, kMax>();
  template <typename A>
  static A join(A best, A value) {
    if constexpr (std::is_floating_point_v<A>) {
      if (value != value) return value;
    }
    return (kMax ? value > best : value < best) ? value : best;
  }
  template <typename T>
  static Wide<T> add(Wide<T> best, T value) {
    return join(best, static_cast<Wide<T>>(value));
  }
  template <typename T>
  static T finish(Wide<T> best, int64_t) {
    return static_cast<T>(best);
  }
};

using ExtremeTypes = Types<float, double, Float16, BFloat16, int8_t, int32_t, int64_t, uint8_t,
                           uint32_t, uint64_t, bool>;

}  // namespace escuta::ops
