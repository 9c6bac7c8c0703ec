#include "ops/microsoft/fused_product.h"

namespace escuta::ops {

extern const Operator kMsTransposeMatMul = fused_product("TransposeMatMul");

}  // namespace escuta::ops
