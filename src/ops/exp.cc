#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kExp = unary<[](auto x) { return std::exp(x); }>("Exp", {1, 6, 13});

}  // namespace escuta::ops
