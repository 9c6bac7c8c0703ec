// What Rfft and Irfft share: the last `signal_ndim` dimensions of a real signal, and their
// transforms, which have n / 2 + 1 elements in the last one and two parts.
#pragma once

#include "ops/fft.h"
#include "ops/operator.h"

namespace escuta::ops {

// signal_ndim. Fails the node for what the operators do not define.
int read_signal_dims(const NodeInfo& node);

// Transforms data in place along one axis: `outer` blocks of [n, inner].
Status transform_axis(Call& call, Fft::Complex* data, int64_t outer, int64_t n, int64_t inner,
                      bool inverse);

}  // namespace escuta::ops
