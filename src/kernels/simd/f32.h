// The vectors of f32 and i32, beside the f64 of simd.h: same rules, no std, unnamed namespace.
#pragma once

#include "kernels/simd/simd.h"

#define ESCUTA_INLINE inline __attribute__((always_inline))

// Whether the instruction set converts float16: then panels may hold 16 bits (gemm_block.h).
#if defined(__F16C__) || defined(ESCUTA_NEON)
#define ESCUTA_HAS_FLOAT16
#endif

namespace escuta::kernels {
namespace {

typedef float F32 __attribute__((vector_size(kVectorBytes)));
typedef int I32 __attribute__((vector_size(kVectorBytes)));
typedef unsigned int U32 __attribute__((vector_size(kVectorBytes)));
constexpr int kLanesF32 = kVectorBytes / 4;

ESCUTA_INLINE F32 splat_f32(float value) { return value - F32{}; }
ESCUTA_INLINE I32 splat_i32(int value) { return value - I32{}; }

template <typename V>
ESCUTA_INLINE V load_as(const void* src) {
  V value;
  __builtin_memcpy(&value, src, sizeof(value));
  return value;
}
template <typename V>
ESCUTA_INLINE void store_as(V value, void* dst) {
  __builtin_memcpy(dst, &value, sizeof(value));
}
ESCUTA_INLINE F32 load(const float* src) { return load_as<F32>(src); }
ESCUTA_INLINE I32 load(const int* src) { return load_as<I32>(src); }
ESCUTA_INLINE void store(F32 value, float* dst) { store_as(value, dst); }
ESCUTA_INLINE void store(I32 value, int* dst) { store_as(value, dst); }

// Integers of 16 and 8 bits, one for each lane of an I32. By name: g++ 12 takes conversions of
// these apart lane by lane.
typedef unsigned short U16 __attribute__((vector_size(kVectorBytes / 2)));
typedef unsigned char U8 __attribute__((vector_size(kVectorBytes / 4)));
typedef signed char I8 __attribute__((vector_size(kVectorBytes / 4)));
ESCUTA_INLINE U32 widen(U16 value) {
#if defined(ESCUTA_NEON)
  return (U32)vmovl_u16((uint16x4_t)value);
#elif defined(__AVX512F__)
  return (U32)_mm512_cvtepu16_epi32((__m256i)value);
#elif defined(__AVX2__)
  return (U32)_mm256_cvtepu16_epi32((__m128i)value);
#elif defined(__SSE4_1__)
  return (U32)_mm_cvtepu16_epi32(_mm_cvtsi64_si128((long long)value));
#else
  return __builtin_convertvector(value, U32);
#endif
}
ESCUTA_INLINE I32 widen(U8 value) {
#if defined(ESCUTA_NEON)
  const uint8x8_t bytes = (uint8x8_t)vdup_n_u32((unsigned)value);
  return (I32)vmovl_u16(vget_low_u16(vmovl_u8(bytes)));
#elif defined(__AVX512F__)
  return (I32)_mm512_cvtepu8_epi32((__m128i)value);
#elif defined(__AVX2__)
  return (I32)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)value));
#elif defined(__SSE4_1__)
  return (I32)_mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)value));
#else
  return __builtin_convertvector(value, I32);
#endif
}
ESCUTA_INLINE I32 widen(I8 value) {
#if defined(ESCUTA_NEON)
  const int8x8_t bytes = (int8x8_t)vdup_n_u32((unsigned)value);
  return (I32)vmovl_s16(vget_low_s16(vmovl_s8(bytes)));
#elif defined(__AVX512F__)
  return (I32)_mm512_cvtepi8_epi32((__m128i)value);
#elif defined(__AVX2__)
  return (I32)_mm256_cvtepi8_epi32(_mm_cvtsi64_si128((long long)value));
#elif defined(__SSE4_1__)
  return (I32)_mm_cvtepi8_epi32(_mm_cvtsi32_si128((int)value));
#else
  return __builtin_convertvector(value, I32);
#endif
}
// The low bits.
ESCUTA_INLINE U16 narrow_to_u16(U32 value) {
#if defined(ESCUTA_NEON)
  return (U16)vmovn_u32((uint32x4_t)value);
#else
  return __builtin_convertvector(value, U16);
#endif
}
ESCUTA_INLINE U8 narrow_to_u8(I32 value) {
#if defined(ESCUTA_NEON)
  const uint16x4_t words = vmovn_u32((uint32x4_t)value);
  return (U8)vget_lane_u32((uint32x2_t)vmovn_u16(vcombine_u16(words, words)), 0);
#else
  return __builtin_convertvector(value, U8);
#endif
}

// A number of 8 bits that a scale belongs to.
struct Int8Code {
  signed char bits;
};
ESCUTA_INLINE F32 load(const Int8Code* src) {
  return __builtin_convertvector(widen(load_as<I8>(src)), F32);
}

// Numbers of 16 bits as f32, exactly; and f32 as those, rounded to nearest (bfloat16: cut off).
struct Float16Bits {
  unsigned short bits;
};
struct Bfloat16Bits {
  unsigned short bits;
};
ESCUTA_INLINE F32 widen_f16(U16 half) {
#if defined(__AVX512F__)
  return (F32)_mm512_cvtph_ps((__m256i)half);
#elif defined(__F16C__)
  return (F32)_mm256_cvtph_ps((__m128i)half);
#elif defined(ESCUTA_NEON)
  return (F32)vcvt_f32_f16((float16x4_t)half);
#else
  const U32 h = widen(half);
  const U32 sign = (h & 0x8000u) << 16;
  // As an f32 the exponent is 112 too low; a multiplication repairs it, denormals included.
  const F32 size = (F32)((h & 0x7fffu) << 13) * 0x1p112f;
  const U32 special = (U32)((h & 0x7c00u) == 0x7c00u);
  const U32 quiet = (U32)((h & 0x3ffu) != 0) & 0x00400000u;
  return (F32)(((U32)size & ~special) | (special & (0x7f800000u | ((h & 0x3ffu) << 13) | quiet)) |
               sign);
#endif
}
ESCUTA_INLINE F32 load(const Float16Bits* src) { return widen_f16(load_as<U16>(src)); }
#if defined(ESCUTA_HAS_FLOAT16)
ESCUTA_INLINE void store(F32 value, Float16Bits* dst) {
#if defined(__AVX512F__)
  store_as(_mm512_cvtps_ph((__m512)value, _MM_FROUND_TO_NEAREST_INT), dst);
#elif defined(ESCUTA_NEON)
  store_as(vcvt_f16_f32((float32x4_t)value), dst);
#else
  store_as(_mm256_cvtps_ph((__m256)value, _MM_FROUND_TO_NEAREST_INT), dst);
#endif
}
ESCUTA_INLINE F32 load(const Bfloat16Bits* src) {
#if defined(ESCUTA_NEON)
  return (F32)vshll_n_u16((uint16x4_t)load_as<U16>(src), 16);
#else
  return (F32)(widen(load_as<U16>(src)) << 16);
#endif
}
ESCUTA_INLINE void store(F32 value, Bfloat16Bits* dst) {
  store_as(narrow_to_u16((U32)value >> 16), dst);
}
#endif

// The first n lanes, 0 <= n <= kLanesF32; the others are 0, or left alone.
ESCUTA_INLINE F32 load_n(const float* src, long n) {
#if defined(__AVX512F__)
  return (F32)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), src);
#else
  F32 value = {};
  __builtin_memcpy(&value, src, (unsigned long)n * sizeof(float));
  return value;
#endif
}
ESCUTA_INLINE void store_n(F32 value, float* dst, long n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(dst, (__mmask16)((1u << n) - 1), (__m512)value);
#else
  __builtin_memcpy(dst, &value, (unsigned long)n * sizeof(float));
#endif
}
ESCUTA_INLINE F32 load_up_to(const float* src, long n) {
  return n >= kLanesF32 ? load(src) : load_n(src, n);
}
ESCUTA_INLINE F32 load_up_to(const Float16Bits* src, long n) {
  if (n >= kLanesF32) return load(src);
  U16 halves = {};
  __builtin_memcpy(&halves, src, (unsigned long)n * sizeof(Float16Bits));
  return widen_f16(halves);
}
ESCUTA_INLINE void store_up_to(F32 value, float* dst, long n) {
  if (n >= kLanesF32) {
    store(value, dst);
  } else {
    store_n(value, dst, n);
  }
}

ESCUTA_INLINE I32 bits_of(F32 value) { return (I32)value; }
ESCUTA_INLINE F32 from_bits(I32 bits) { return (F32)bits; }
ESCUTA_INLINE F32 to_f32(I32 value) { return __builtin_convertvector(value, F32); }
// Truncates; the value must fit.
ESCUTA_INLINE I32 to_i32(F32 value) { return __builtin_convertvector(value, I32); }

// Lane by lane, mask ? a : b; the mask is the result of a comparison.
ESCUTA_INLINE F32 select(I32 mask, F32 a, F32 b) { return mask ? a : b; }
ESCUTA_INLINE I32 select(I32 mask, I32 a, I32 b) { return mask ? a : b; }

// Whether a lane of a comparison's result is set.
ESCUTA_INLINE bool any(I32 mask) {
#if defined(__AVX512DQ__)
  return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps((__m256)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_ps((__m128)mask) != 0;
#elif defined(ESCUTA_NEON)
  return vmaxvq_u32((uint32x4_t)mask) != 0;
#else
  int all = 0;
  for (int i = 0; i < kLanesF32; ++i) all |= mask[i];
  return all != 0;
#endif
}

// b where the lanes do not compare: max(NaN, b) = b, max(a, NaN) = NaN. NEON's own fmax and fmin
// answer otherwise, so there it is a comparison and a selection.
ESCUTA_INLINE F32 max(F32 a, F32 b) {
#if defined(__AVX512F__)
  return (F32)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (F32)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return select(a > b, a, b);
#endif
}
ESCUTA_INLINE F32 min(F32 a, F32 b) {
#if defined(__AVX512F__)
  return (F32)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (F32)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return select(a < b, a, b);
#endif
}
ESCUTA_INLINE F32 abs(F32 x) { return from_bits(bits_of(x) & 0x7fffffff); }
// The size of a with the sign of b.
ESCUTA_INLINE F32 copy_sign(F32 a, F32 b) {
  return from_bits((bits_of(a) & 0x7fffffff) | (bits_of(b) & (int)0x80000000));
}
ESCUTA_INLINE F32 sqrt(F32 x) {
#if defined(__AVX512F__)
  return (F32)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (F32)_mm256_sqrt_ps((__m256)x);
#elif defined(ESCUTA_NEON)
  return (F32)vsqrtq_f32((float32x4_t)x);
#else
  F32 root;
  for (int i = 0; i < kLanesF32; ++i) root[i] = __builtin_sqrtf(x[i]);
  return root;
#endif
}
// To the nearest integer, ties to even, for |x| < 2^22: adding 1.5 * 2^23 leaves no fraction bits.
ESCUTA_INLINE F32 round_small(F32 x) { return (x + 12582912.0f) - 12582912.0f; }

ESCUTA_INLINE float sum_of(F32 x) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)x);
#elif defined(ESCUTA_NEON)
  return vaddvq_f32((float32x4_t)x);
#else
  float sum = 0;
  for (int i = 0; i < kLanesF32; ++i) sum += x[i];
  return sum;
#endif
}
// NaN where any lane is.
ESCUTA_INLINE float max_of(F32 x) {
  float most = x[0];
  for (int i = 1; i < kLanesF32; ++i) most = x[i] > most || x[i] != x[i] ? x[i] : most;
  return most;
}

}  // namespace
}  // namespace escuta::kernels
