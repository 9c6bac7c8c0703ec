#include "ops/variadic.h"

namespace escuta::ops {

extern const Operator kSum = variadic<[](auto a, auto b) { return a + b; }, Floats>(
    "Sum", {1, 6, 8, 13}, Tolerance::kRounding);

}  // namespace escuta::ops
