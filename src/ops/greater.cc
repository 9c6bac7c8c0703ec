#include "ops/binary.h"

namespace escuta::ops {

// Written with `<`: g++ 12 takes a `>` in here for the end of the template's arguments.
extern const Operator kGreater =
    binary_bool<[](const auto& a, const auto& b) { return b < a; }, Numbers>("Greater",
                                                                             {1, 7, 9, 13});

}  // namespace escuta::ops
