#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kErf = unary<[](auto x) { return std::erf(x); }, Numbers>("Erf", {9, 13});

}  // namespace escuta::ops
