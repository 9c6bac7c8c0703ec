// Elementwise loops over contiguous arrays: members of KernelTable (`kernels().exp(src, dst, n)`).
//
// Any thread, no scratch, one thread each: split long arrays over the pool yourself. src and dst
// are of n elements, unaligned, and may be the same array but not overlap otherwise. No std here:
// simd/simd.h says why.
//
// Accuracy, against the exact result rounded to f32 (tests hold them to it): exp, log, erf, tanh,
// sigmoid, silu, sqrt and reciprocal within 4 units in the last place (results under 1.2e-38, the
// smallest normal number, within 2e-38); gelu_erf and gelu_tanh within 1e-6 of max(1, |x|)
// absolutely. NaN gives NaN, infinities give the limits.
#pragma once

namespace escuta::kernels {

using UnaryKernel = void(const float* src, float* dst, long n);

// dst[i] = op(a[i * a_step], b[i * b_step]); steps are 0 (one value for all) or 1.
// min and max give NaN where either side is NaN.
enum class BinaryOp { kAdd, kSub, kMul, kDiv, kMin, kMax };
using BinaryKernel = void(BinaryOp op, const float* a, int a_step, const float* b, int b_step,
                          float* dst, long n);

// dst[i] = scale * src[i] + shift.
using AffineKernel = void(const float* src, float scale, float shift, float* dst, long n);
// dst[i] = min(max(src[i], low), high); NaN stays NaN.
using ClipKernel = void(const float* src, float low, float high, float* dst, long n);

// f16 is IEEE binary16, bf16 the upper half of an f32, both as bits. To f16 and bf16: rounded to
// nearest, ties to even; NaN stays NaN (quiet), too large becomes infinity.
using FromHalfKernel = void(const unsigned short* src, float* dst, long n);
using ToHalfKernel = void(const float* src, unsigned short* dst, long n);

// One number from n: 0 for none (kMin: +inf, kMax: -inf). Sums are f32, in several partial sums;
// min and max give NaN where any is.
enum class ReduceOp { kSum, kSumOfSquares, kSumOfAbs, kMin, kMax, kMaxOfAbs };
using ReduceKernel = float(ReduceOp op, const float* src, long n);

// dst [cols, rows] = the transpose of src [rows, cols]; elements of 4 bytes of any kind.
using TransposeKernel = void(const void* src, long src_stride, long rows, long cols, void* dst,
                             long dst_stride);

// dst[i] = clamp(round_to_even(src[i] * inverse_scale) + zero, low, high), as bytes: u8 with
// low 0, high 255; s8 with -128, 127. NaN gives low.
using QuantizeKernel = void(const float* src, float inverse_scale, int zero, int low, int high,
                            unsigned char* dst, long n);

}  // namespace escuta::kernels
