#include <algorithm>
#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kMish = unary<[](auto x) {
  const auto softplus = std::max<decltype(x)>(x, 0) + std::log1p(std::exp(-std::abs(x)));
  return x * std::tanh(softplus);
}>("Mish", {18, 22});

}  // namespace escuta::ops
