// Round (ai.onnx 11): halves go to the even neighbour, which is how the default rounding mode
// rounds.
#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {

extern const Operator kRound =
    unary<[](auto x) { return std::nearbyint(x); }>("Round", {11, 22}, Tolerance::kExact);

}  // namespace escuta::ops
