#include "ops/random_numbers.h"

namespace escuta::ops {

extern const Operator kRandomNormalLike = random_tensor<Law::kNormal, true>("RandomNormalLike");

}  // namespace escuta::ops
