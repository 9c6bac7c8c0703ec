#include "ops/extreme.h"

namespace escuta::ops {

extern const Operator kReduceMin = reduction<Extreme<false>, ExtremeTypes>(
    "ReduceMin", {1, 11, 12, 13, 18, 20}, Tolerance::kExact);

}  // namespace escuta::ops
