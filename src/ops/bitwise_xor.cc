#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kBitwiseXor =
    binary<[](const auto& a, const auto& b) { return a ^ b; }, Ints>("BitwiseXor", {18},
                                                                     Tolerance::kExact);

}  // namespace escuta::ops
