#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kRelu =
    unary<[](auto x) { return x < 0 ? decltype(x){0} : x; },
          Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t>>(
        "Relu", {1, 6, 13, 14}, Tolerance::kExact);

}  // namespace escuta::ops
