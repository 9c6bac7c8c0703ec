#include "ops/binary.h"

namespace escuta::ops {

extern const Operator kBitwiseAnd =
    binary<[](const auto& a, const auto& b) { return a & b; }, Ints>("BitwiseAnd", {18},
                                                                     Tolerance::kExact);

}  // namespace escuta::ops
