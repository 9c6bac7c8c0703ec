#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kAsinh = unary<[](auto x) { return std::asinh(x); }>("Asinh", {9, 22});

}  // namespace escuta::ops
