#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kBitwiseOr = binary<[](const auto& a, const auto& b) { return a | b; }, Ints>(
    "BitwiseOr", {18}, Tolerance::kExact);

}  // namespace escuta::ops
