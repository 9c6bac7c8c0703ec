#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kAcosh = unary<[](auto x) { return std::acosh(x); }>("Acosh", {9, 22});

}  // namespace escuta::ops
