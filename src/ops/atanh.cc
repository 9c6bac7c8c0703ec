#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kAtanh = unary<[](auto x) { return std::atanh(x); }>("Atanh", {9, 22});

}  // namespace escuta::ops
