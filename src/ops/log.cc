#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kLog = unary<[](auto x) { return std::log(x); }>("Log", {1, 6, 13});

}  // namespace escuta::ops
