#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kCosh = unary<[](auto x) { return std::cosh(x); }>("Cosh", {9, 22});

}  // namespace escuta::ops
