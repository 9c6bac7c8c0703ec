// A small vocabulary of vector operations for the loops in kernels/: as wide as the ISA that the
// including file is compiled for.
//
// Vectors are GCC's and clang's vector extensions, so + - * / and comparisons are written as
// operators and apply lane by lane. Everything is in an unnamed namespace and uses no std: a
// function shared between the objects of two ISAs would run on a machine that lacks one of them.
#pragma once

// ESCUTA_NEON is set for the tables that may use Arm's instructions by name: __ARM_NEON is not
// enough, as every aarch64 compiler sets it, for `generic` too.
#if defined(ESCUTA_NEON)
#include <arm_neon.h>
#elif defined(__SSE2__)
#include <immintrin.h>
#endif

namespace escuta::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

typedef double F64 __attribute__((vector_size(kVectorBytes)));
typedef unsigned long long U64 __attribute__((vector_size(kVectorBytes)));
constexpr int kLanesF64 = kVectorBytes / 8;

inline F64 splat(double value) { return value - F64{}; }  // x - 0 is x, and folds; x + 0 may not be

inline F64 load(const double* src) {
  F64 value;
  __builtin_memcpy(&value, src, sizeof(value));
  return value;
}

inline void store(F64 value, double* dst) { __builtin_memcpy(dst, &value, sizeof(value)); }

inline U64 bits_of(F64 value) {
  U64 bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline F64 from_bits(U64 bits) {
  F64 value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

// Lane by lane: mask ? a : b, where mask is the result of a comparison (all ones or all zeros).
template <typename Mask>
inline F64 select(Mask mask, F64 a, F64 b) {
  const U64 m = (U64)mask;
  return from_bits((bits_of(a) & m) | (bits_of(b) & ~m));
}

inline F64 max(F64 a, F64 b) { return select(a > b, a, b); }

// log10 of positive normal numbers, relative error under 1e-12.
// x = 2^e * m with m in [sqrt(1/2), sqrt(2)); log(m) = 2 atanh(s), s = (m - 1) / (m + 1), by its
// Taylor series: |s| < 0.1716, so the first term left out, s^17 / 17, is under 1e-14.
inline F64 log10(F64 x) {
  const U64 bits = bits_of(x);
  // Exponents as doubles: the integer e in the low bits of 2^52's significand, less 2^52.
  const U64 two52 = U64{} + 0x4330000000000000ull;
  F64 exponent = from_bits((bits >> 52) | two52) - splat(4503599627370496.0 + 1023.0);
  F64 m = from_bits((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);  // [1, 2)
  const auto above = m > splat(1.4142135623730951);
  m = select(above, m * 0.5, m);
  exponent = select(above, exponent + 1.0, exponent);
  const F64 s = (m - 1.0) / (m + 1.0);
  const F64 t = s * s;
  F64 series = t * (1.0 / 15) + 1.0 / 13;
  series = series * t + 1.0 / 11;
  series = series * t + 1.0 / 9;
  series = series * t + 1.0 / 7;
  series = series * t + 1.0 / 5;
  series = series * t + 1.0 / 3;
  series = series * t + 1.0;
  constexpr double kLog10Of2 = 0.30102999566398120, kTwoOverLn10 = 0.86858896380650365;
  return exponent * kLog10Of2 + s * series * kTwoOverLn10;
}

}  // namespace
}  // namespace escuta::kernels
