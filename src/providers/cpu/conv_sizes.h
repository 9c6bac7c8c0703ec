// The sizes of a convolution as kernels/ has them: Conv and ConvInt8 name them alike.
#pragma once

#include "ops/convolution.h"

namespace escuta::cpu {

// Up to 3 spatial dimensions, of which the last ones that do nothing (size, kernel and output 1)
// are moved to the front: loops run along the last.
template <typename Conv>
void set_sizes(const ops::ConvSizes& sizes, Conv& conv) {
  conv.batch = sizes.batch;
  conv.groups = sizes.groups;
  conv.in_channels = sizes.in_channels * sizes.groups;
  conv.out_channels = sizes.all_out_channels();
  int rank = sizes.windows.rank;
  const auto axis_at = [&](int i) -> const ops::Axis& {
    return sizes.windows.axes[static_cast<size_t>(i)];
  };
  const auto idle = [](const ops::Axis& axis) {
    return axis.in == 1 && axis.kernel == 1 && axis.out == 1 && axis.pad_begin == 0;
  };
  while (rank > 1 && idle(axis_at(rank - 1))) --rank;
  for (int i = 0; i < rank; ++i) {
    const ops::Axis& axis = axis_at(i);
    const int at = 3 - rank + i;
    conv.input[at] = axis.in;
    conv.kernel[at] = axis.kernel;
    conv.stride[at] = axis.stride;
    conv.dilation[at] = axis.dilation;
    conv.pad_begin[at] = axis.pad_begin;
    conv.output[at] = axis.out;
  }
}

// Of constant weights [M, C / groups, kernel...]: what packing needs to know.
template <typename Conv>
Conv weight_sizes(const Shape& weights, int64_t groups) {
  Conv conv;
  conv.groups = groups;
  conv.out_channels = weights[0];
  conv.in_channels = weights[1] * groups;
  for (int i = 2; i < weights.rank(); ++i) {
    conv.kernel[3 - weights.rank() + i] = weights[i];
  }
  return conv;
}

}  // namespace escuta::cpu
