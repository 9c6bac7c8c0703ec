#include "ops/arg_extreme.h"

namespace escuta::ops {

const Operator kArgMax = arg_extreme<true>("ArgMax");

}  // namespace escuta::ops
