// The inner loops of convolutions, as conv.cc calls them. No std here: simd/simd.h says why.
#pragma once

#include "kernels/activation.h"

namespace escuta::kernels {

constexpr long kMaxPanelColumns = 64;

// One group of one image: channels of D x H x W, and how the kernel moves over them.
struct PatchPlan {
  const float* src = nullptr;  // [channels, D, H, W]
  long channels = 0;
  long input[3] = {1, 1, 1};
  long kernel[3] = {1, 1, 1};
  long stride[3] = {1, 1, 1};
  long dilation[3] = {1, 1, 1};
  long pad_begin[3] = {0, 0, 0};
  long output[3] = {1, 1, 1};
};

struct ConvLoops {
  // One panel [channels * kernel, gemm_nr] of the matrix of patches: output positions first ..
  // first + count - 1 (count <= gemm_nr), the other columns zeros.
  void (*pack_patches)(const PatchPlan& plan, long first, long count, float* dst);
  // One channel: dst [D, H, W] of output = activation(src * weight [kernel] + bias).
  void (*depthwise)(const PatchPlan& plan, const float* weight, float bias, Activation activation,
                    float* dst);
};

}  // namespace escuta::kernels
