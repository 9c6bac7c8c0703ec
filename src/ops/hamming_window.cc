#include "ops/window.h"

namespace escuta::ops {
namespace {

constexpr WindowCoefficients kCoefficients = {{25.0 / 46, 21.0 / 46, 0}};

}  // namespace

extern const Operator kHammingWindow = window<kCoefficients>("HammingWindow");

}  // namespace escuta::ops
