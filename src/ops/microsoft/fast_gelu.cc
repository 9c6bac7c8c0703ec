#include "ops/microsoft/biased.h"
#include "ops/microsoft/gelu.h"

namespace escuta::ops {

extern const Operator kMsFastGelu = biased<[](auto x) { return gelu_tanh(x); }>("FastGelu", {1, 2});

}  // namespace escuta::ops
