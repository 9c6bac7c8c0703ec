#include "ops/binary.h"

namespace escuta::ops {

const Operator kAdd = binary<[](auto a, auto b) { return a + b; }>("Add", {1, 6, 7, 13, 14});

}  // namespace escuta::ops
