// How ScatterElements and ScatterND combine an update with what is there.
#pragma once

#include <algorithm>

#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/node_info.h"

namespace escuta::ops {

enum class Reduction { kNone, kAdd, kMul, kMax, kMin };

// The attribute `reduction`; fails the node for a name that there is not, or not yet.
Reduction reduction_of(const NodeInfo& node);

// Integers wrap around; NaN wins over numbers in max and min, as in numpy.
template <typename T>
T reduce(Reduction reduction, T old, T update) {
  if constexpr (kIsFloat<T>) {
    const auto a = static_cast<Wide<T>>(old), b = static_cast<Wide<T>>(update);
    if (reduction == Reduction::kAdd) return static_cast<T>(a + b);
    if (reduction == Reduction::kMul) return static_cast<T>(a * b);
    if (std::isnan(a)) return old;
    if (reduction == Reduction::kMax) return a >= b ? old : update;
    return a <= b ? old : update;
  } else {
    const auto a = static_cast<uint64_t>(old), b = static_cast<uint64_t>(update);
    if (reduction == Reduction::kAdd) return static_cast<T>(a + b);
    if (reduction == Reduction::kMul) return static_cast<T>(a * b);
    return reduction == Reduction::kMax ? std::max(old, update) : std::min(old, update);
  }
}

// function(combine) with T& combine(T& place, const T& update); T is the element's type, or one of
// its size where nothing is computed.
template <typename F>
Status with_reduction(Reduction reduction, DType dtype, F&& function) {
  if (reduction == Reduction::kNone) {
    return dispatch_by_size(cell_dtype(dtype), [&](auto tag) -> Status {
      return function(tag, [](auto& place, const auto& update) { place = update; });
    });
  }
  using Reduced = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t,
                        uint8_t, uint16_t, uint32_t, uint64_t, bool>;
  return dispatch(Reduced{}, dtype, [&](auto tag) -> Status {
    return function(tag, [reduction](auto& place, const auto& update) {
      place = reduce(reduction, place, update);
    });
  });
}

}  // namespace escuta::ops
