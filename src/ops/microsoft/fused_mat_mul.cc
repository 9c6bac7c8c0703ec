#include "ops/microsoft/fused_product.h"

namespace escuta::ops {

extern const Operator kMsFusedMatMul = fused_product("FusedMatMul");

}  // namespace escuta::ops
