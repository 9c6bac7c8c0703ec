#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kGreaterOrEqual =
    binary_bool<[](const auto& a, const auto& b) { return a >= b; }, Numbers>("GreaterOrEqual",
                                                                              {12, 16});

}  // namespace escuta::ops
