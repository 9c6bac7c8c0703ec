#include "ops/window.h"

namespace escuta::ops {
namespace {

constexpr WindowCoefficients kCoefficients = {{0.5, 0.5, 0}};

}  // namespace

extern const Operator kHannWindow = window<kCoefficients>("HannWindow");

}  // namespace escuta::ops
