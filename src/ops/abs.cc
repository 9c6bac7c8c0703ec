#include <cmath>

#include "ops/unary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

template <typename T>
T absolute(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::abs(x);
  } else {
    return std::is_signed_v<T> && x < 0 ? wrapping_sub(T{0}, x) : x;
  }
}

}  // namespace

extern const Operator kAbs =
    unary<[](auto x) { return absolute(x); }, Numbers>("Abs", {1, 6, 13}, Tolerance::kExact);

}  // namespace escuta::ops
