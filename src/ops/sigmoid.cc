#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kSigmoid =
    unary<[](auto x) { return 1 / (1 + std::exp(-x)); }>("Sigmoid", {1, 6, 13});

}  // namespace escuta::ops
