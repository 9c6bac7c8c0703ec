#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kFloor =
    unary<[](auto x) { return std::floor(x); }>("Floor", {1, 6, 13}, Tolerance::kExact);

}  // namespace escuta::ops
