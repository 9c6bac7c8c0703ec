#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kAsin = unary<[](auto x) { return std::asin(x); }>("Asin", {7, 22});

}  // namespace escuta::ops
