#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kAtan = unary<[](auto x) { return std::atan(x); }>("Atan", {7, 22});

}  // namespace escuta::ops
