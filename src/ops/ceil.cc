#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kCeil =
    unary<[](auto x) { return std::ceil(x); }>("Ceil", {1, 6, 13}, Tolerance::kExact);

}  // namespace escuta::ops
