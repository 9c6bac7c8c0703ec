#include "ops/microsoft/fused_product.h"

namespace escuta::ops {

const Operator kMsFusedMatMul = fused_product("FusedMatMul");

}  // namespace escuta::ops
