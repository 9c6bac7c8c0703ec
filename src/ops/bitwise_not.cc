#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kBitwiseNot =
    unary<[](auto x) { return ~x; }, Ints>("BitwiseNot", {18}, Tolerance::kExact);

}  // namespace escuta::ops
