#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kLess =
    binary_bool<[](const auto& a, const auto& b) { return a < b; }, Numbers>("Less", {1, 7, 9, 13});

}  // namespace escuta::ops
