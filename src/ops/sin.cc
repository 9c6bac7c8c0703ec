#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kSin = unary<[](auto x) { return std::sin(x); }>("Sin", {7, 22});

}  // namespace escuta::ops
