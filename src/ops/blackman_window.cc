#include "ops/window.h"

namespace escuta::ops {
namespace {

constexpr WindowCoefficients kCoefficients = {{0.42, 0.5, 0.08}};

}  // namespace

extern const Operator kBlackmanWindow = window<kCoefficients>("BlackmanWindow");

}  // namespace escuta::ops
