#include "ops/arg_extreme.h"

namespace escuta::ops {

extern const Operator kArgMin = arg_extreme<false>("ArgMin");

}  // namespace escuta::ops
