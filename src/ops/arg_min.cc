#include "ops/arg_extreme.h"

namespace escuta::ops {

const Operator kArgMin = arg_extreme<false>("ArgMin");

}  // namespace escuta::ops
