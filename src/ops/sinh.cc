#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kSinh = unary<[](auto x) { return std::sinh(x); }>("Sinh", {9, 22});

}  // namespace escuta::ops
