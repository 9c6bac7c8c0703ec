#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kReciprocal = unary<[](auto x) { return 1 / x; }>("Reciprocal", {1, 6, 13});

}  // namespace escuta::ops
