#include "ops/microsoft/fused_product.h"

namespace escuta::ops {

extern const Operator kMsFusedMatMulActivation = fused_product("FusedMatMulActivation");

}  // namespace escuta::ops
