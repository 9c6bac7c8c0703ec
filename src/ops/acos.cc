#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kAcos = unary<[](auto x) { return std::acos(x); }>("Acos", {7, 22});

}  // namespace escuta::ops
