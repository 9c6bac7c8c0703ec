#include "ops/random_numbers.h"

namespace escuta::ops {

extern const Operator kRandomNormal = random_tensor<Law::kNormal, false>("RandomNormal");

}  // namespace escuta::ops
