// Convolutions of 8-bit integers over 1, 2 or 3 dimensions, channels first, exact in i32:
// sums of (x - src_zero) (w - weight_zero), on the threads of thread_pool().
//
// Any thread; nothing is allocated: scratch of conv_int8_scratch_bytes(), aligned to 64, belongs to
// the call until it returns. Dimensions as in conv.h.
//
// Done as products over gemm_int8: the image is turned to channels last, padding written as its
// zero point, so that the patch of an output position is one run of bytes for each row of the
// kernel; a 1-D convolution without dilation reads them in place. Depthwise convolutions go through
// the loop for floats, whose sums are exact up to 2^24.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/table.h"

namespace escuta::kernels {

struct ConvInt8 {
  long batch = 1;
  long groups = 1;                         // divides both channel counts
  long in_channels = 0, out_channels = 0;  // of all groups
  long input[3] = {1, 1, 1};               // D, H, W
  long kernel[3] = {1, 1, 1};
  long stride[3] = {1, 1, 1};
  long dilation[3] = {1, 1, 1};
  long pad_begin[3] = {0, 0, 0};  // those after follow from the output's size
  long output[3] = {1, 1, 1};

  const void* src = nullptr;  // [batch, in_channels, D, H, W]
  bool src_signed = false;    // s8, else u8
  int32_t src_zero = 0;
  const void* packed_weight = nullptr;  // what pack_conv_int8 made
  const int32_t* weight_zero = nullptr;
  bool weight_zero_per_channel = false;  // [out_channels], else [1]

  // One of three, [batch, out_channels, D, H, W]:
  int32_t* dst = nullptr;           // sum + bias
  float* dst_f32 = nullptr;         // float(sum + bias) * factor + bias_f32
  unsigned char* dst_u8 = nullptr;  // clamp(round(float(sum + bias) * factor) + zero, low, high)
  const int32_t* bias = nullptr;    // [out_channels] or null
  const float* factor = nullptr;    // [out_channels]
  const float* bias_f32 = nullptr;  // [out_channels] or null
  int zero = 0, low = 0, high = 255;
};

// Whether depthwise sums of this many taps are exact.
bool conv_int8_takes(const ConvInt8& conv);

size_t conv_int8_scratch_bytes(const ConvInt8& conv, int threads,
                               const KernelTable& table = kernels());
void run_conv_int8(const ConvInt8& conv, void* scratch, int threads,
                   const KernelTable& table = kernels());

// Reads the sizes of conv. weight [out_channels, in_channels / groups, kd, kh, kw] of s8 or u8; dst
// is aligned to 64 bytes; for the table that packed it.
size_t packed_conv_int8_bytes(const ConvInt8& conv, const KernelTable& table = kernels());
void pack_conv_int8(const ConvInt8& conv, const void* weight, bool weight_signed, void* dst,
                    const KernelTable& table = kernels());

}  // namespace escuta::kernels
