#include "ops/extreme.h"

namespace escuta::ops {

extern const Operator kReduceMax =
    reduction<Extreme<true>, ExtremeTypes>("ReduceMax", {1, 11, 12, 13, 18, 20}, Tolerance::kExact);

}  // namespace escuta::ops
