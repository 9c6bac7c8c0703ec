#include "ops/random_numbers.h"

namespace escuta::ops {

extern const Operator kRandomUniform = random_tensor<Law::kUniform, false>("RandomUniform");

}  // namespace escuta::ops
