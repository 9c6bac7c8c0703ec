// exp, log, erf and their relatives on vectors of f32; accuracy: see vector.h, tests hold them to
// it. The polynomials are near-minimax (Chebyshev) fits made for these intervals.
#pragma once

#include "kernels/activation.h"
#include "kernels/simd/f32.h"

namespace escuta::kernels {
namespace {

constexpr float kInfinity = __builtin_inff();

// x * 2^n for n in -252..252: in two steps, each a normal power of two.
ESCUTA_INLINE F32 scale_by_power(F32 x, F32 n) {
#if defined(__AVX512F__)
  return (F32)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
  const I32 whole = to_i32(n), half = whole >> 1;
  x *= from_bits((half + 127) << 23);
  return x * from_bits((whole - half + 127) << 23);
#endif
}

// x = n log(2) + r, |r| <= log(2) / 2; exp(x) = 2^n exp(r), exp(r) = 1 + r + r^2 P(r).
ESCUTA_INLINE F32 exp(F32 x) {
  // Beyond these the result is infinity or 0, and n stays small. NaN passes both comparisons.
  x = select(x > 89.0f, splat_f32(89.0f), x);
  x = select(x < -104.0f, splat_f32(-104.0f), x);
  const F32 n = round_small(x * 1.44269504f);
  F32 r = x - n * 0.693145752f;  // log(2) in two parts: n times the first is exact
  r = r - n * 1.42860677e-6f;
  F32 p = r * 1.392625083e-3f + 8.363232884e-3f;
  p = p * r + 4.166655421e-2f;
  p = p * r + 0.1666657667f;
  p = p * r + 0.5f;
  p = p * (r * r) + r;
#if defined(__AVX512F__)
  return scale_by_power(p + 1.0f, n);
#else
  // NaN has no integer: its lanes take n = 0.
  return scale_by_power(p + 1.0f, select(n == n, n, F32{}));
#endif
}

// x = 2^e m, m in [sqrt(1/2), sqrt(2)); log(1 + f) = f - f^2 / 2 + f^3 P(f).
ESCUTA_INLINE F32 log(F32 x) {
  const I32 tiny = x < 1.17549435e-38f;  // denormal, 0 or negative
  const F32 normal = select(tiny, x * 16777216.0f, x);
  // Less the bits of sqrt(1/2); unsigned, as those of negative numbers wrap.
  const I32 bits = (I32)((U32)normal - 0x3f3504f3u);
  F32 e = to_f32(bits >> 23);
  e = select(tiny, e - 24.0f, e);
  const F32 f = from_bits((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
  F32 p = f * 0.06972518634f - 0.1148121206f;
  p = p * f + 0.1168578472f;
  p = p * f - 0.1242552336f;
  p = p * f + 0.1424900724f;
  p = p * f - 0.1666780713f;
  p = p * f + 0.2000071721f;
  p = p * f - 0.2499999693f;
  p = p * f + 0.3333333117f;
  const F32 square = f * f;
  F32 result = p * f * square + e * 1.42860677e-6f;
  result = result - square * 0.5f;
  result = f + result + e * 0.693145752f;
  result = select(x == kInfinity, x, result);
  result = select(x == F32{}, splat_f32(-kInfinity), result);
  return select(x < F32{}, splat_f32(__builtin_nanf("")), select(x == x, result, x));
}

ESCUTA_INLINE F32 tanh(F32 x) {
  const F32 t = x * x;
  F32 p = t * -0.006096714166f + 0.020997179f;
  p = p * t - 0.05385090958f;
  p = p * t + 0.1333276974f;
  p = p * t - 0.3333332894f;
  const F32 near = x + x * (t * p);
  const F32 size = abs(x);
  const F32 far = 1.0f - 2.0f / (exp(size + size) + 1.0f);
  return select(size < 0.625f, near, copy_sign(far, x));
}

ESCUTA_INLINE F32 sigmoid(F32 x) { return 1.0f / (1.0f + exp(-x)); }

// erf(x) = x P(x^2) / Q(x^2) up to 3.93, where it rounds to 1; a rational least-squares fit,
// weighted towards the least relative error, 2e-8. All coefficients are positive: nothing cancels.
ESCUTA_INLINE F32 erf(F32 x) {
  const F32 limit = splat_f32(3.93f);
  const F32 cut = min(limit, max(-limit, x));  // NaN stays NaN
  const F32 t = cut * cut;
  F32 p = t * 2.042034755e-6f + 2.847942322e-4f;
  p = p * t + 3.779079795e-3f;
  p = p * t + 5.278866637e-2f;
  p = p * t + 0.1907718448f;
  p = p * t + 1.128379146f;
  F32 q = t * 3.800397658e-5f + 1.165079228e-3f;
  q = q * t + 1.499638746e-2f;
  q = q * t + 0.1142525338f;
  q = q * t + 0.5023998691f;
  q = q * t + 1.0f;
  const F32 one = splat_f32(1.0f);
  return min(one, max(-one, cut * p / q));
}

// x * y where 0 * infinity is 0: the limit of the gelus at -infinity.
ESCUTA_INLINE F32 times_unless_zero(F32 x, F32 y) { return select(y == F32{}, F32{}, x * y); }

ESCUTA_INLINE F32 gelu_erf(F32 x) {
  return times_unless_zero(x, 0.5f * (erf(x * 0.707106781f) + 1.0f));
}
ESCUTA_INLINE F32 gelu_tanh(F32 x) {
  const F32 inner = x * 0.797884561f * (1.0f + 0.044715f * x * x);
  return times_unless_zero(x, 0.5f * (tanh(inner) + 1.0f));
}
ESCUTA_INLINE F32 silu(F32 x) { return times_unless_zero(x, sigmoid(x)); }
// NaN stays NaN.
ESCUTA_INLINE F32 relu(F32 x) { return max(F32{}, x); }

ESCUTA_INLINE F32 activate(F32 x, Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return relu(x);
    case Activation::kGeluErf:
      return gelu_erf(x);
    case Activation::kGeluTanh:
      return gelu_tanh(x);
    case Activation::kSilu:
      return silu(x);
    case Activation::kTanh:
      return tanh(x);
    case Activation::kSigmoid:
      return sigmoid(x);
    case Activation::kNone:
      break;
  }
  return x;
}

// Half as many, for steps that need f64.
typedef float HalfF32 __attribute__((vector_size(kVectorBytes / 2)));

// x + shift = n pi + r, |r| <= pi / 2: sin(x + shift) is sin(r), or -sin(r) where n is odd. Gives r
// with that sign. For |x| <= kSineRange.
ESCUTA_INLINE HalfF32 reduce_half_turns(HalfF32 x, double shift) {
  const F64 magic = splat(0x1.8p52);  // the sum's last bits are n
  const F64 a = __builtin_convertvector(x, F64) + shift;
  const F64 sum = a * 0.31830988618379067 + magic;
  const F64 n = sum - magic;
  F64 r = a - n * 3.1415926535897931;
  r -= n * 1.2246467991473532e-16;  // what pi's double leaves
  return __builtin_convertvector(from_bits(bits_of(r) ^ (bits_of(sum) << 63)), HalfF32);
}

constexpr float kSineRange = 1e6f;

// sin(r), |r| <= pi / 2, by its Taylor series: the first term left out is under 7e-10.
ESCUTA_INLINE F32 sine_of_reduced(F32 r) {
  const F32 t = r * r;
  F32 series = t * 1.60590438e-10f - 2.50521084e-8f;
  series = series * t + 2.75573192e-6f;
  series = series * t - 1.98412698e-4f;
  series = series * t + 8.33333333e-3f;
  series = series * t - 1.66666667e-1f;
  return r + r * t * series;
}

// sin(x + shift); shift is 0 or pi / 2. Numbers out of range, lane by lane.
ESCUTA_INLINE F32 sine(F32 x, double shift) {
  F32 reduced;
  HalfF32 half[2];
  __builtin_memcpy(half, &x, sizeof(x));
  for (HalfF32& part : half) part = reduce_half_turns(part, shift);
  __builtin_memcpy(&reduced, half, sizeof(reduced));
  F32 y = sine_of_reduced(reduced);
  if (any(~(I32)(abs(x) <= kSineRange))) {
    for (int i = 0; i < kLanesF32; ++i) {
      if (__builtin_fabsf(x[i]) <= kSineRange) continue;
      y[i] = shift == 0 ? __builtin_sinf(x[i]) : __builtin_cosf(x[i]);
    }
  }
  return y;
}
ESCUTA_INLINE F32 sin(F32 x) { return sine(x, 0); }
ESCUTA_INLINE F32 cos(F32 x) { return sine(x, 1.5707963267948966); }

}  // namespace
}  // namespace escuta::kernels
