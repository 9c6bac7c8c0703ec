#include <algorithm>
#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kSoftplus = unary<[](auto x) {
  // ln(1 + e^x) without overflow.
  return std::max<decltype(x)>(x, 0) + std::log1p(std::exp(-std::abs(x)));
}>("Softplus", {1, 22});

}  // namespace escuta::ops
