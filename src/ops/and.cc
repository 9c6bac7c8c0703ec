#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kAnd =
    binary_bool<[](const auto& a, const auto& b) { return a && b; }, Types<bool>>("And", {1, 7});

}  // namespace escuta::ops
