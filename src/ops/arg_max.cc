#include "ops/arg_extreme.h"

namespace escuta::ops {

extern const Operator kArgMax = arg_extreme<true>("ArgMax");

}  // namespace escuta::ops
