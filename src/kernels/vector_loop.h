// The loops of vector.h. Tails go through the same vectors, partly filled.
#pragma once

#include "kernels/math_f32.h"
#include "kernels/simd/f32.h"
#include "kernels/vector.h"

namespace escuta::kernels {
namespace {

template <typename Op>
ESCUTA_INLINE void map(const float* src, float* dst, long n, Op op) {
  long i = 0;
  for (; i + kLanesF32 <= n; i += kLanesF32) store(op(load(src + i)), dst + i);
  if (i < n) store_n(op(load_n(src + i, n - i)), dst + i, n - i);
}

#define ESCUTA_UNARY(name, expression)                                       \
  void name##_all(const float* src, float* dst, long n) {                    \
    map(src, dst, n, [](F32 x) ESCUTA_INLINE_LAMBDA { return expression; }); \
  }
#define ESCUTA_INLINE_LAMBDA __attribute__((always_inline))
ESCUTA_UNARY(exp, exp(x))
ESCUTA_UNARY(log, log(x))
ESCUTA_UNARY(erf, erf(x))
ESCUTA_UNARY(sin, sin(x))
ESCUTA_UNARY(cos, cos(x))
ESCUTA_UNARY(tanh, tanh(x))
ESCUTA_UNARY(sigmoid, sigmoid(x))
ESCUTA_UNARY(silu, silu(x))
ESCUTA_UNARY(gelu_erf, gelu_erf(x))
ESCUTA_UNARY(gelu_tanh, gelu_tanh(x))
ESCUTA_UNARY(relu, relu(x))
ESCUTA_UNARY(sqrt, sqrt(x))
ESCUTA_UNARY(abs, abs(x))
ESCUTA_UNARY(negate, -x)
#undef ESCUTA_UNARY

template <typename Op>
ESCUTA_INLINE void map2(const float* a, int a_step, const float* b, int b_step, float* dst, long n,
                        Op op) {
  if (n <= 0) return;
  const F32 a0 = splat_f32(*a), b0 = splat_f32(*b);
  for (long i = 0; i < n; i += kLanesF32) {
    const F32 left = a_step == 0 ? a0 : load_up_to(a + i, n - i);
    const F32 right = b_step == 0 ? b0 : load_up_to(b + i, n - i);
    store_up_to(op(left, right), dst + i, n - i);
  }
}

// NaN where either side is: max and min give b where the two do not compare.
ESCUTA_INLINE F32 max_or_nan(F32 a, F32 b) { return select(a == a, max(a, b), a); }
ESCUTA_INLINE F32 min_or_nan(F32 a, F32 b) { return select(a == a, min(a, b), a); }

void binary(BinaryOp op, const float* a, int a_step, const float* b, int b_step, float* dst,
            long n) {
  const auto run = [&](auto f) ESCUTA_INLINE_LAMBDA { map2(a, a_step, b, b_step, dst, n, f); };
  switch (op) {
    case BinaryOp::kAdd:
      return run([](F32 x, F32 y) ESCUTA_INLINE_LAMBDA { return x + y; });
    case BinaryOp::kSub:
      return run([](F32 x, F32 y) ESCUTA_INLINE_LAMBDA { return x - y; });
    case BinaryOp::kMul:
      return run([](F32 x, F32 y) ESCUTA_INLINE_LAMBDA { return x * y; });
    case BinaryOp::kDiv:
      return run([](F32 x, F32 y) ESCUTA_INLINE_LAMBDA { return x / y; });
    case BinaryOp::kMin:
      return run([](F32 x, F32 y) ESCUTA_INLINE_LAMBDA { return min_or_nan(x, y); });
    case BinaryOp::kMax:
      return run([](F32 x, F32 y) ESCUTA_INLINE_LAMBDA { return max_or_nan(x, y); });
  }
}

void affine(const float* src, float scale, float shift, float* dst, long n) {
  map(src, dst, n, [=](F32 x) ESCUTA_INLINE_LAMBDA { return x * scale + shift; });
}

void clip(const float* src, float low, float high, float* dst, long n) {
  const F32 l = splat_f32(low), h = splat_f32(high);
  map(src, dst, n, [=](F32 x) ESCUTA_INLINE_LAMBDA { return min(h, max(l, x)); });
}

void bias_activation(const float* src, const float* bias, Activation activation, float* dst,
                     long n) {
  for (long i = 0; i < n; i += kLanesF32) {
    F32 x = load_up_to(src + i, n - i);
    if (bias != nullptr) x += load_up_to(bias + i, n - i);
    store_up_to(activate(x, activation), dst + i, n - i);
  }
}

// Four accumulators, so that additions do not wait for each other. The tail's unused lanes are
// `none`, which changes nothing.
template <typename Op>
ESCUTA_INLINE F32 gather_up(const float* src, long n, float none, Op op) {
  F32 sum[4];
  for (F32& s : sum) s = splat_f32(none);
  long i = 0;
  for (; i + 4 * kLanesF32 <= n; i += 4 * kLanesF32) {
    for (int j = 0; j < 4; ++j) sum[j] = op(sum[j], load(src + i + j * kLanesF32));
  }
  for (; i + kLanesF32 <= n; i += kLanesF32) sum[0] = op(sum[0], load(src + i));
  if (i < n) {
    float tail[kLanesF32];
    for (int j = 0; j < kLanesF32; ++j) tail[j] = i + j < n ? src[i + j] : none;
    sum[1] = op(sum[1], load(tail));
  }
  return op(op(sum[0], sum[1]), op(sum[2], sum[3]));
}

float reduce(ReduceOp op, const float* src, long n) {
  switch (op) {
    case ReduceOp::kSum:
      return sum_of(gather_up(src, n, 0, [](F32 s, F32 x) ESCUTA_INLINE_LAMBDA { return s + x; }));
    case ReduceOp::kMin:
      return -max_of(-gather_up(
          src, n, kInfinity, [](F32 s, F32 x) ESCUTA_INLINE_LAMBDA { return min_or_nan(s, x); }));
    case ReduceOp::kMax:
      return max_of(gather_up(src, n, -kInfinity,
                              [](F32 s, F32 x) ESCUTA_INLINE_LAMBDA { return max_or_nan(s, x); }));
    case ReduceOp::kMaxOfAbs:
      return max_of(gather_up(
          src, n, 0, [](F32 s, F32 x) ESCUTA_INLINE_LAMBDA { return max_or_nan(s, abs(x)); }));
    case ReduceOp::kSumOfAbs:
    case ReduceOp::kSumOfSquares:
      break;
  }
  // What gather_up combines at the end are sums already, so these two take the size of x only
  // where x comes from memory: they sum into four vectors by hand.
  const bool squares = op == ReduceOp::kSumOfSquares;
  F32 sum[4] = {};
  for (long i = 0, j = 0; i < n; i += kLanesF32, j = (j + 1) % 4) {
    const F32 x = load_up_to(src + i, n - i);
    sum[j] += squares ? x * x : abs(x);
  }
  return sum_of((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// --- Half precision
// -------------------------------------------------------------------------------

using Half = U16;

ESCUTA_INLINE Half narrow_f16(F32 x) {
#if defined(__AVX512F__)
  return (Half)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__F16C__)
  return (Half)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(ESCUTA_NEON)
  return (Half)vcvt_f16_f32((float32x4_t)x);
#else
  const U32 bits = (U32)x & 0x7fffffffu, sign = ((U32)x & 0x80000000u) >> 16;
  // Normal: the exponent moves by 112; half of the last place, less one where that is even,
  // rounds.
  const U32 normal = (bits - (112u << 23) + 0xfffu + ((bits >> 13) & 1u)) >> 13;
  // Denormal: beside 0.5, whose last place is 2^-24, the addition rounds.
  const U32 denormal = (U32)((F32)bits + 0.5f) - 0x3f000000u;
  const U32 small = (U32)(bits < (113u << 23));
  U32 half = (denormal & small) | (normal & ~small);
  const U32 large = (U32)(bits >= 0x47800000u);  // 65536 and more, infinity, NaN
  half = (half & ~large) | (large & 0x7c00u);
  const U32 nan = (U32)(bits > 0x7f800000u);
  half |= nan & (0x200u | ((bits >> 13) & 0x3ffu));
  return narrow_to_u16(half | sign);
#endif
}

ESCUTA_INLINE F32 widen_bf16(Half half) { return (F32)(widen(half) << 16); }

ESCUTA_INLINE Half narrow_bf16(F32 x) {
  const U32 bits = (U32)x;
  const U32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const U32 nan = (U32)((bits & 0x7fffffffu) > 0x7f800000u);
  return narrow_to_u16((rounded & ~nan) | (nan & ((bits >> 16) | 0x40u)));
}

template <typename Op>
ESCUTA_INLINE void from_half(const unsigned short* src, float* dst, long n, Op op) {
  for (long i = 0; i < n; i += kLanesF32) {
    Half half = {};
    const long count = n - i < kLanesF32 ? n - i : kLanesF32;
    __builtin_memcpy(&half, src + i, (unsigned long)count * 2);
    store_up_to(op(half), dst + i, n - i);
  }
}
template <typename Op>
ESCUTA_INLINE void to_half(const float* src, unsigned short* dst, long n, Op op) {
  for (long i = 0; i < n; i += kLanesF32) {
    const Half half = op(load_up_to(src + i, n - i));
    const long count = n - i < kLanesF32 ? n - i : kLanesF32;
    __builtin_memcpy(dst + i, &half, (unsigned long)count * 2);
  }
}
void from_f16(const unsigned short* src, float* dst, long n) {
  from_half(src, dst, n, [](Half h) ESCUTA_INLINE_LAMBDA { return widen_f16(h); });
}
void from_bf16(const unsigned short* src, float* dst, long n) {
  from_half(src, dst, n, [](Half h) ESCUTA_INLINE_LAMBDA { return widen_bf16(h); });
}
void to_f16(const float* src, unsigned short* dst, long n) {
  to_half(src, dst, n, [](F32 x) ESCUTA_INLINE_LAMBDA { return narrow_f16(x); });
}
void to_f16_in_range(const float* src, unsigned short* dst, long n) {
  // The order of the arguments lets NaN through.
  to_half(src, dst, n, [](F32 x) ESCUTA_INLINE_LAMBDA {
    return narrow_f16(min(splat_f32(65504.0f), max(splat_f32(-65504.0f), x)));
  });
}
void to_bf16(const float* src, unsigned short* dst, long n) {
  to_half(src, dst, n, [](F32 x) ESCUTA_INLINE_LAMBDA { return narrow_bf16(x); });
}

void quantize(const float* src, float scale, int zero, int low, int high, unsigned char* dst,
              long n) {
  const F32 least = splat_f32((float)(low - zero)), most = splat_f32((float)(high - zero));
  for (long i = 0; i < n; i += kLanesF32) {
    const F32 x = load_up_to(src + i, n - i) / scale;
    // max gives its second side where x is NaN. What is clamped is small enough for round_small.
    const I32 whole = to_i32(round_small(min(max(x, least), most))) + zero;
    const U8 bytes = narrow_to_u8(whole);
    const long count = n - i < kLanesF32 ? n - i : kLanesF32;
    __builtin_memcpy(dst + i, &bytes, (unsigned long)count);
  }
}

template <typename Bytes>
ESCUTA_INLINE void dequantize_as(const unsigned char* src, int zero, float scale, float* dst,
                                 long n) {
  for (long i = 0; i < n; i += kLanesF32) {
    Bytes bytes = {};
    const long count = n - i < kLanesF32 ? n - i : kLanesF32;
    __builtin_memcpy(&bytes, src + i, (unsigned long)count);
    store_up_to(to_f32(widen(bytes) - zero) * scale, dst + i, n - i);
  }
}
void dequantize(const unsigned char* src, bool is_signed, int zero, float scale, float* dst,
                long n) {
  if (is_signed) {
    dequantize_as<I8>(src, zero, scale, dst, n);
  } else {
    dequantize_as<U8>(src, zero, scale, dst, n);
  }
}

// In squares of 16 by 16 elements: 16 lines of src and of dst are in L1 while each is used up.
void transpose(const void* src, long src_stride, long rows, long cols, void* dst, long dst_stride) {
  constexpr long kSquare = 16;
  const unsigned* from = (const unsigned*)src;
  unsigned* to = (unsigned*)dst;
  for (long r0 = 0; r0 < rows; r0 += kSquare) {
    const long r1 = r0 + kSquare < rows ? r0 + kSquare : rows;
    for (long c0 = 0; c0 < cols; c0 += kSquare) {
      const long c1 = c0 + kSquare < cols ? c0 + kSquare : cols;
      for (long c = c0; c < c1; ++c) {
        for (long r = r0; r < r1; ++r) to[c * dst_stride + r] = from[r * src_stride + c];
      }
    }
  }
}

constexpr VectorLoops kVectorLoops = {
    .exp = exp_all,
    .log = log_all,
    .erf = erf_all,
    .sin = sin_all,
    .cos = cos_all,
    .tanh = tanh_all,
    .sigmoid = sigmoid_all,
    .silu = silu_all,
    .gelu_erf = gelu_erf_all,
    .gelu_tanh = gelu_tanh_all,
    .relu = relu_all,
    .sqrt = sqrt_all,
    .abs = abs_all,
    .negate = negate_all,
    .binary = binary,
    .affine = affine,
    .clip = clip,
    .bias_activation = bias_activation,
    .reduce = reduce,
    .from_f16 = from_f16,
    .from_bf16 = from_bf16,
    .to_f16 = to_f16,
    .to_bf16 = to_bf16,
    .to_f16_in_range = to_f16_in_range,
    .quantize = quantize,
    .dequantize = dequantize,
    .transpose = transpose,
};

}  // namespace
}  // namespace escuta::kernels
