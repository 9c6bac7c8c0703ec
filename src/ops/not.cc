#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kNot =
    unary<[](auto x) { return !x; }, Types<bool>>("Not", {1}, Tolerance::kExact);

}  // namespace escuta::ops
