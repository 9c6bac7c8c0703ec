// Products of 8-bit integers with zero points, and their way back to float.
#pragma once

#include "ops/microsoft/batched_product.h"
#include "ops/microsoft/inputs.h"

namespace escuta::ops {

// Input `input`, int8 or uint8, minus its zero point, input `zero_point` (absent: 0), as int32 in
// scratch. Zero points are one, one per column, or one per column and matrix of the stack.
Result<const int32_t*> centered(Call& call, size_t input, size_t zero_point);

// dst = a b * a_scale * b_scale + bias, the product in int32. b is what
// centered() made of input b_input; input b_scale is as zero points are;
// input bias [columns] may be absent.
Status multiply_scaled(Call& call, const BatchedProduct& product, const int32_t* a,
                       const int32_t* b, float a_scale, size_t b_input, size_t b_scale, size_t bias,
                       float* dst);

}  // namespace escuta::ops
