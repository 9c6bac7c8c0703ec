#include "ops/random_numbers.h"

namespace escuta::ops {

extern const Operator kRandomUniformLike = random_tensor<Law::kUniform, true>("RandomUniformLike");

}  // namespace escuta::ops
