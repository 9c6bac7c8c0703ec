// Convolutions in f32 over 1, 2 or 3 dimensions, channels first, on the threads of thread_pool().
//
// Any thread; nothing is allocated: scratch of conv_scratch_bytes(), aligned to 64, belongs to the
// call until it returns. A 1-D convolution is one of depth 1, height 1: dimensions are D, H, W,
// those that are missing being 1 (stride 1, dilation 1, padding 0).
//
// Done as a product: weights [out, in * kernel] times the input's patches, which are written
// straight into packed panels (an im2col that fits in cache). Depthwise convolutions (groups =
// in_channels = out_channels) are loops over the plain weights, and take no packed ones.
#pragma once

#include <cstddef>

#include "kernels/activation.h"
#include "kernels/table.h"

namespace escuta::kernels {

struct Conv {
  long batch = 1;
  long groups = 1;                         // divides both channel counts
  long in_channels = 0, out_channels = 0;  // of all groups
  long input[3] = {1, 1, 1};               // D, H, W
  long kernel[3] = {1, 1, 1};
  long stride[3] = {1, 1, 1};
  long dilation[3] = {1, 1, 1};
  long pad_begin[3] = {0, 0, 0};  // zeros before; those after follow from the output's size
  long output[3] = {1, 1, 1};     // the operator's shape inference settles it

  const float* src = nullptr;            // [batch, in_channels, D, H, W]
  const float* weight = nullptr;         // [out_channels, in_channels / groups, kd, kh, kw]
  const float* packed_weight = nullptr;  // instead: what pack_conv made of it
  const float* bias = nullptr;           // [out_channels] or null
  Activation activation = Activation::kNone;
  float* dst = nullptr;  // [batch, out_channels, D, H, W]
};

size_t conv_scratch_bytes(const Conv& conv, int threads, const KernelTable& table = kernels());
void run_conv(const Conv& conv, void* scratch, int threads, const KernelTable& table = kernels());

// dst is aligned to 64 bytes; for the table that packed it. Reads the sizes of conv, and `weight`.
size_t packed_conv_bytes(const Conv& conv, const KernelTable& table = kernels());
void pack_conv(const Conv& conv, float* dst, const KernelTable& table = kernels());

}  // namespace escuta::kernels
