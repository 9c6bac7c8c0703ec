#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kLessOrEqual =
    binary_bool<[](const auto& a, const auto& b) { return a <= b; }, Numbers>("LessOrEqual",
                                                                              {12, 16});

}  // namespace escuta::ops
