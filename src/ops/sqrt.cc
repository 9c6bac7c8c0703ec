#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kSqrt = unary<[](auto x) { return std::sqrt(x); }>("Sqrt", {1, 6, 13});

}  // namespace escuta::ops
