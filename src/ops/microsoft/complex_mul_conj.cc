#include "ops/microsoft/complex_product.h"

namespace escuta::ops {

extern const Operator kMsComplexMulConj = complex_product</*conjugate=*/true>("ComplexMulConj");

}  // namespace escuta::ops
