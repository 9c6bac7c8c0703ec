// Casting a tensor to another element type: what Cast and CastLike share.
#pragma once

#include "ops/convert_elements.h"
#include "ops/operator.h"

namespace escuta::ops {

// The attributes `saturate` and `round_mode`.
Narrowing read_narrowing(const NodeInfo& node);

// output 0 = input 0 as elements of type `to`.
Status cast_elements(Call& call, DType to, const Narrowing& narrowing);

// Output 0 has the shape of input 0 and elements of type `to`.
void infer_cast(Inference& node, DType to);

}  // namespace escuta::ops
