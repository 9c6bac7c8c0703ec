#include "ops/microsoft/biased.h"
#include "ops/microsoft/gelu.h"

namespace escuta::ops {

extern const Operator kMsBiasGelu = biased<[](auto x) { return gelu(x); }>("BiasGelu", {2, 2});

}  // namespace escuta::ops
