#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kOr =
    binary_bool<[](const auto& a, const auto& b) { return a || b; }, Types<bool>>("Or", {1, 7});

}  // namespace escuta::ops
