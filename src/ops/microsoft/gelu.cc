#include "ops/microsoft/gelu.h"

#include "ops/microsoft/biased.h"

namespace escuta::ops {

extern const Operator kMsGelu = biased<[](auto x) { return gelu(x); }>("Gelu", {1, 1});

}  // namespace escuta::ops
