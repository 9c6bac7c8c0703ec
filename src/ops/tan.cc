#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kTan = unary<[](auto x) { return std::tan(x); }>("Tan", {7, 22});

}  // namespace escuta::ops
