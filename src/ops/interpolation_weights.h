// Which elements of an axis make up each element of its resized form, and with what weights.
#pragma once

#include "ops/interpolate.h"

namespace escuta::ops {

// For place i: elements sources[i * taps + t] (all within the axis) times weights[i * taps + t].
struct ResizeWeights {
  int64_t taps = 0;
  const int64_t* sources = nullptr;
  const double* weights = nullptr;
  const bool* outside = nullptr;  // [result]: the extrapolation value instead; nullptr: nowhere
};

// Memory comes from the call's scratch. InvalidArgument for an axis without elements that should
// have some; ResourceExhausted for scales so small that the weights do not fit.
Result<ResizeWeights> resize_weights(Call& call, const ResizeRule& rule, const ResizedAxis& axis);

}  // namespace escuta::ops
