#include "ops/unary.h"

namespace escuta::ops {
namespace {

// -1, 0 or 1; NaN stays NaN.
template <typename T>
T sign(T x) {
  if (x > 0) return 1;
  if constexpr (std::is_signed_v<T>) {
    if (x < 0) return -1;
  }
  return x;
}

}  // namespace

extern const Operator kSign =
    unary<[](auto x) { return sign(x); }, Numbers>("Sign", {9, 13}, Tolerance::kExact);

}  // namespace escuta::ops
