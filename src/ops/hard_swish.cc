#include <algorithm>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kHardSwish = unary<[](auto x) {
  using W = decltype(x);
  return x * std::max<W>(std::min<W>(x / 6 + W{0.5}, 1), 0);  // in this order NaN stays
}>("HardSwish", {14, 22});

}  // namespace escuta::ops
