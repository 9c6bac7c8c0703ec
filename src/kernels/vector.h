// Elementwise loops over contiguous arrays: members of KernelTable, `kernels().vector.exp(src, dst,
// n)`.
//
// Any thread, no scratch, one thread each: split long arrays over the pool yourself. src and dst
// are of n elements, unaligned, and may be the same array but not overlap otherwise. No std here:
// simd/simd.h says why.
//
// Accuracy, against the exact result rounded to f32 (tests hold them to it): exp, log, tanh,
// sigmoid, silu and sqrt within 4 units in the last place, erf within 8 (results under 1.2e-38, the
// smallest normal number, within 2e-38; of silu, results under 1e-36 within 2e-36); gelu_erf and
// gelu_tanh within 1e-6 of max(1, |x|) absolutely; sin and cos within 2e-7 absolutely. NaN gives
// NaN, infinities give the limits.
#pragma once

#include "kernels/activation.h"

namespace escuta::kernels {

// NaN where either side is NaN in kMin and kMax.
enum class BinaryOp { kAdd, kSub, kMul, kDiv, kMin, kMax };
// Sums are f32, in several partial sums. kMin, kMax and kMaxOfAbs give NaN where any element is.
enum class ReduceOp { kSum, kSumOfSquares, kSumOfAbs, kMin, kMax, kMaxOfAbs };

using UnaryKernel = void(const float* src, float* dst, long n);

struct VectorLoops {
  UnaryKernel *exp, *log, *erf, *sin, *cos, *tanh, *sigmoid, *silu, *gelu_erf, *gelu_tanh, *relu,
      *sqrt, *abs, *negate;

  // dst[i] = op(a[i * a_step], b[i * b_step]); steps are 0 (one value for all) or 1.
  void (*binary)(BinaryOp op, const float* a, int a_step, const float* b, int b_step, float* dst,
                 long n);
  // dst[i] = scale * src[i] + shift.
  void (*affine)(const float* src, float scale, float shift, float* dst, long n);
  // dst[i] = min(max(src[i], low), high); NaN stays NaN.
  void (*clip)(const float* src, float low, float high, float* dst, long n);
  // dst[i] = activation(src[i] + bias[i]); bias may be null.
  void (*bias_activation)(const float* src, const float* bias, Activation activation, float* dst,
                          long n);

  // One number from n: 0 from none, but for kMin +inf and for kMax -inf.
  float (*reduce)(ReduceOp op, const float* src, long n);

  // f16 is IEEE binary16, bf16 the upper half of an f32, both as bits. To f16 and bf16: rounded to
  // nearest, ties to even; NaN stays NaN (quiet), what is too large becomes infinity.
  void (*from_f16)(const unsigned short* src, float* dst, long n);
  void (*from_bf16)(const unsigned short* src, float* dst, long n);
  void (*to_f16)(const float* src, unsigned short* dst, long n);
  void (*to_bf16)(const float* src, unsigned short* dst, long n);
  // As to_f16, but what is too large becomes the largest number there is, infinity too.
  void (*to_f16_in_range)(const float* src, unsigned short* dst, long n);

  // dst[i] = clamp(round_to_even(src[i] / scale) + zero, low, high), as bytes: u8 with low 0, high
  // 255; s8 with -128, 127. NaN gives low.
  void (*quantize)(const float* src, float scale, int zero, int low, int high, unsigned char* dst,
                   long n);
  // dst[i] = (src[i] - zero) * scale, of s8 or u8.
  void (*dequantize)(const unsigned char* src, bool is_signed, int zero, float scale, float* dst,
                     long n);

  // dst [cols, rows] = the transpose of src [rows, cols]: elements of 4 bytes of any kind, strides
  // in elements from a row to the next. dst must not be src.
  void (*transpose)(const void* src, long src_stride, long rows, long cols, void* dst,
                    long dst_stride);
};

}  // namespace escuta::kernels
