#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kTanh = unary<[](auto x) { return std::tanh(x); }>("Tanh", {1, 6, 13});

}  // namespace escuta::ops
