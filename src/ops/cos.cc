#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kCos = unary<[](auto x) { return std::cos(x); }>("Cos", {7, 22});

}  // namespace escuta::ops
