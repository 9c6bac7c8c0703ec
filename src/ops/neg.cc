#include "ops/unary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

using Signed = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t>;

template <typename T>
T negative(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return -x;
  } else {
    return wrapping_sub(T{0}, x);
  }
}

}  // namespace

extern const Operator kNeg =
    unary<[](auto x) { return negative(x); }, Signed>("Neg", {1, 6, 13}, Tolerance::kExact);

}  // namespace escuta::ops
