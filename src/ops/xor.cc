#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kXor =
    binary_bool<[](const auto& a, const auto& b) { return a != b; }, Types<bool>>("Xor", {1, 7});

}  // namespace escuta::ops
