#include "ops/microsoft/complex_product.h"

namespace escuta::ops {

extern const Operator kMsComplexMul = complex_product</*conjugate=*/false>("ComplexMul");

}  // namespace escuta::ops
