#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kSoftsign =
    unary<[](auto x) { return x / (1 + std::abs(x)); }>("Softsign", {1, 22});

}  // namespace escuta::ops
