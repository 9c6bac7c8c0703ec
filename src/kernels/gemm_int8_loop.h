// The loops of gemm_int8_block.h: with VNNI and Arm's dot products four products of bytes an
// instruction and lane; else two of 16 bits (NEON: one), from bytes of b widened on the way. All
// exact.
#pragma once

#include "kernels/gemm_int8_block.h"
#include "kernels/math_f32.h"
#include "kernels/simd/f32.h"

namespace escuta::kernels {
namespace {

// kDepth8: elements of k in a lane of 32 bits.
#if defined(__AVX512VNNI__)
constexpr int kDepth8 = 4;
typedef unsigned char Left8;
#elif defined(__ARM_FEATURE_DOTPROD)
constexpr int kDepth8 = 4;
typedef signed char Left8;
#elif defined(ESCUTA_NEON)
constexpr int kDepth8 = 1;
typedef short Left8;
#else
constexpr int kDepth8 = 2;
typedef short Left8;
#endif
#if defined(__AVX512F__)
constexpr int kMr8 = 12, kNrVectors8 = 2;
#elif defined(__AVX2__)
constexpr int kMr8 = 6, kNrVectors8 = 2;
#elif defined(__ARM_FEATURE_DOTPROD)
constexpr int kMr8 = 8, kNrVectors8 = 3;
#elif defined(ESCUTA_NEON)
constexpr int kMr8 = 6, kNrVectors8 = 4;
#else
constexpr int kMr8 = 4, kNrVectors8 = 2;
#endif
constexpr int kNr8 = kNrVectors8 * kLanesF32;
// What tiles hold instead of a is a - kLeftZero8: Arm multiplies signed bytes by signed ones.
constexpr int kLeftZero8 = (Left8)-1 < 0 && sizeof(Left8) == 1 ? 128 : 0;

// Adds the products of one group of k.
#if defined(__ARM_FEATURE_DOTPROD)
// The lane is a part of the instruction, so that four rows cost one load.
ESCUTA_INLINE I32 add_dots_of_row(I32 sum, int8x16_t right, int8x16_t left, int row) {
  switch (row % 4) {
    case 0:
      return (I32)vdotq_laneq_s32((int32x4_t)sum, right, left, 0);
    case 1:
      return (I32)vdotq_laneq_s32((int32x4_t)sum, right, left, 1);
    case 2:
      return (I32)vdotq_laneq_s32((int32x4_t)sum, right, left, 2);
    default:
      return (I32)vdotq_laneq_s32((int32x4_t)sum, right, left, 3);
  }
}
template <int kRows>
ESCUTA_INLINE void add_group8(const Left8* a, const signed char* b,
                              I32 (&sum)[kRows][kNrVectors8]) {
  int8x16_t column[kNrVectors8], left[kMr8 / 4];
#pragma GCC unroll 4
  for (int v = 0; v < kNrVectors8; ++v) column[v] = vld1q_s8(b + v * 16);
#pragma GCC unroll 2
  for (int r = 0; r < kRows; r += 4) left[r / 4] = vld1q_s8(a + r * kDepth8);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors8; ++v) {
      sum[r][v] = add_dots_of_row(sum[r][v], column[v], left[r / 4], r);
    }
  }
}
#elif defined(ESCUTA_NEON)
// Four columns, the lower or the upper ones of eight, times one row of four.
template <int kLane>
ESCUTA_INLINE I32 add_products_of_lane(I32 sum, int16x8_t right, bool upper, int16x4_t left) {
  const int32x4_t s = (int32x4_t)sum;
  return (I32)(upper ? vmlal_high_lane_s16(s, right, left, kLane)
                     : vmlal_lane_s16(s, vget_low_s16(right), left, kLane));
}
ESCUTA_INLINE I32 add_products_of_row(I32 sum, int16x8_t right, bool upper, int16x4_t left,
                                      int row) {
  switch (row % 4) {
    case 0:
      return add_products_of_lane<0>(sum, right, upper, left);
    case 1:
      return add_products_of_lane<1>(sum, right, upper, left);
    case 2:
      return add_products_of_lane<2>(sum, right, upper, left);
    default:
      return add_products_of_lane<3>(sum, right, upper, left);
  }
}
template <int kRows>
ESCUTA_INLINE void add_group8(const Left8* a, const signed char* b,
                              I32 (&sum)[kRows][kNrVectors8]) {
  static_assert(kMr8 == 6);
  int16x8_t column[kNrVectors8 / 2];
#pragma GCC unroll 2
  for (int v = 0; v < kNrVectors8 / 2; ++v) column[v] = vmovl_s8(vld1_s8(b + v * 8));
  const int16x4_t left[2] = {vld1_s16(a), (int16x4_t)vdup_n_s32(load_as<int>(a + 4))};
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors8; ++v) {
      sum[r][v] = add_products_of_row(sum[r][v], column[v / 2], v % 2 != 0, left[r / 4], r);
    }
  }
}
#else
// sum + the products of a lane's elements of k.
ESCUTA_INLINE I32 add_products(I32 sum, I32 left, I32 right) {
#if defined(__AVX512VNNI__)
  return (I32)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)left, (__m512i)right);
#elif defined(__AVX512BW__)
  return sum + (I32)_mm512_madd_epi16((__m512i)left, (__m512i)right);
#elif defined(__AVX2__)
  return sum + (I32)_mm256_madd_epi16((__m256i)left, (__m256i)right);
#elif defined(__SSE2__)
  return sum + (I32)_mm_madd_epi16((__m128i)left, (__m128i)right);
#else
  const I32 left0 = (left << 16) >> 16, right0 = (right << 16) >> 16;
  return sum + left0 * right0 + (left >> 16) * (right >> 16);
#endif
}

// The lanes of one vector of columns: kLanesF32 * kDepth8 bytes.
ESCUTA_INLINE I32 load_columns(const signed char* src) {
#if defined(__AVX512VNNI__)
  return load_as<I32>(src);
#else
  typedef signed char Bytes __attribute__((vector_size(kVectorBytes / 2)));
  typedef short Words __attribute__((vector_size(kVectorBytes)));
  return (I32) __builtin_convertvector(load_as<Bytes>(src), Words);
#endif
}

template <int kRows>
ESCUTA_INLINE void add_group8(const Left8* a, const signed char* b,
                              I32 (&sum)[kRows][kNrVectors8]) {
  I32 column[kNrVectors8];
#pragma GCC unroll 4
  for (int v = 0; v < kNrVectors8; ++v) column[v] = load_columns(b + v * kLanesF32 * kDepth8);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    int both;
    __builtin_memcpy(&both, a + r * kDepth8, sizeof(both));
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors8; ++v) {
      sum[r][v] = add_products(sum[r][v], splat_i32(both), column[v]);
    }
  }
}
#endif

template <int kRows>
ESCUTA_INLINE void multiply_tile8(const Left8* a, const signed char* b, long groups, int* sums) {
  // Of few rows, several partial sums: an instruction waits for the one before on its sum.
  constexpr int kParts = kRows == 1 ? 4 : kRows < 4 ? 2 : 1;
  I32 sum[kParts][kRows][kNrVectors8] = {};
  long p = 0;
  for (; p + kParts <= groups; p += kParts) {
#pragma GCC unroll 4
    for (int i = 0; i < kParts; ++i, a += kMr8 * kDepth8, b += kNr8 * kDepth8) {
      add_group8<kRows>(a, b, sum[i]);
    }
  }
  for (; p < groups; ++p, a += kMr8 * kDepth8, b += kNr8 * kDepth8) add_group8<kRows>(a, b, sum[0]);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors8; ++v) {
      I32 total = sum[0][r][v];
      for (int i = 1; i < kParts; ++i) total += sum[i][r][v];
      store(total, sums + r * kNr8 + v * kLanesF32);
    }
  }
}

template <int kRows = kMr8>
inline void multiply_rows8(long rows, const Left8* a, const signed char* b, long groups,
                           int* sums) {
  if (rows == kRows) {
    multiply_tile8<kRows>(a, b, groups, sums);
  } else if constexpr (kRows > 1) {
    multiply_rows8<kRows - 1>(rows, a, b, groups, sums);
  }
}

// In unsigned arithmetic where it may wrap.
ESCUTA_INLINE U32 load_u32(const int* src, long n) {
  if (n >= kLanesF32) return load_as<U32>(src);
  U32 value = {};
  __builtin_memcpy(&value, src, (unsigned long)n * sizeof(int));
  return value;
}

// A vector of columns of the sums of `rows` rows; n may be less than a vector.
template <bool kWhole>
ESCUTA_INLINE void finish_columns8(const Int8Block& block, const int* sums, long row, long rows,
                                   long at, long n) {
  const U32 column_sums = load_u32(block.column_sums + at, n);
  const U32 b_zero = block.b_zero == nullptr ? U32{} : load_u32(block.b_zero + at, n);
  F32 scale = {}, bias = {};
  if (block.c == nullptr) {
    scale = load_up_to(block.b_scale + at, n);
    if (block.bias != nullptr) bias = load_up_to(block.bias + at, n);
  }
  for (long r = row; r < row + rows; ++r, sums += kNr8) {
    U32 x = load_as<U32>(sums);
    x -= (unsigned)(block.a_zero[r] - kLeftZero8) * column_sums +
         (unsigned)block.row_sums[r] * b_zero;
    const long c = r * block.c_stride + at;
    if (block.c == nullptr) {
      const F32 y = to_f32((I32)x) * block.a_scale[r] * scale + bias;
      store_up_to(activate(y, block.activation), block.c_f32 + c, n);
    } else if constexpr (kWhole) {
      store_as(x, block.c + c);
    } else {
      __builtin_memcpy(block.c + c, &x, (unsigned long)n * sizeof(int));
    }
  }
}

__attribute__((noinline)) void finish_tile8(const Int8Block& block, const int* sums, long row,
                                            long rows, long column, long n) {
  long i = 0;
  for (; i + kLanesF32 <= n; i += kLanesF32) {
    finish_columns8<true>(block, sums + i, row, rows, column + i, kLanesF32);
  }
  if (i < n) finish_columns8<false>(block, sums + i, row, rows, column + i, n - i);
}

void tiles_by_panels8(const Int8Block& block) {
  alignas(64) int sums[kMr8 * kNr8];
  const signed char* panel = (const signed char*)block.b;
  for (long column = 0; column < block.n; column += kNr8, panel += block.b_stride) {
    const long n = block.n - column < kNr8 ? block.n - column : kNr8;
    const char* tile = (const char*)block.a;
    for (long row = 0; row < block.m; row += kMr8, tile += block.a_stride) {
      const long rows = block.m - row < kMr8 ? block.m - row : kMr8;
      multiply_rows8(rows, (const Left8*)tile, panel, block.groups, sums);
      finish_tile8(block, sums, row, rows, column, n);
    }
  }
}

// One group of k, kDepth8 bytes, moved by `flip`.
ESCUTA_INLINE void pack_group8(const unsigned char* src, int flip, Left8* dst) {
  if constexpr (sizeof(Left8) == 1) {
    unsigned bytes;
    __builtin_memcpy(&bytes, src, sizeof(bytes));
    bytes ^= (unsigned)(flip ^ kLeftZero8) * 0x01010101u;
    __builtin_memcpy(dst, &bytes, sizeof(bytes));
  } else {
    for (int d = 0; d < kDepth8; ++d) dst[d] = (Left8)(src[d] ^ flip);
  }
}

void pack_rows8(const unsigned char* src, long src_stride, int flip, long m, long k, void* dst,
                long dst_stride, int* row_sums) {
  const long whole = k / kDepth8;
  for (long r = 0; r < m; ++r) {
    const unsigned char* row = src + r * src_stride;
    Left8* to = (Left8*)((char*)dst + r / kMr8 * dst_stride) + r % kMr8 * kDepth8;
    for (long g = 0; g < whole; ++g) pack_group8(row + g * kDepth8, flip, to + g * kMr8 * kDepth8);
    if (whole * kDepth8 < k) {
      for (int d = 0; d < kDepth8; ++d) {
        const long p = whole * kDepth8 + d;
        to[whole * kMr8 * kDepth8 + d] = (Left8)(p < k ? row[p] ^ flip ^ kLeftZero8 : 0);
      }
    }
    int sum = 0;
    for (long p = 0; p < k; ++p) sum += row[p] ^ flip;
    row_sums[r] = sum;
  }
}

void pack_panels8(const unsigned char* src, long src_stride, bool transpose, int flip, long k,
                  long n, void* dst, long dst_stride, int* column_sums) {
  const long groups = (k + kDepth8 - 1) / kDepth8;
  signed char* panel = (signed char*)dst;
  for (long column = 0; column < n; column += kNr8, panel += dst_stride, column_sums += kNr8) {
    for (int c = 0; c < kNr8; ++c) column_sums[c] = 0;
    signed char* to = panel;
    for (long g = 0; g < groups; ++g) {
      for (long c = 0; c < kNr8; ++c) {
        for (long p = g * kDepth8; p < (g + 1) * kDepth8; ++p, ++to) {
          const long at = column + c;
          int value = 0;
          if (at < n && p < k) {
            value =
                (signed char)((transpose ? src[at * src_stride + p] : src[p * src_stride + at]) ^
                              flip);
          }
          *to = (signed char)value;
          column_sums[c] += value;
        }
      }
    }
  }
}

constexpr Int8Loops kInt8Loops = {
    .mr = kMr8,
    .nr = kNr8,
    .depth = kDepth8,
    .a_bytes = (long)sizeof(Left8),
    .tiles_by_panels = tiles_by_panels8,
    .pack_rows = pack_rows8,
    .pack_panels = pack_panels8,
};

}  // namespace
}  // namespace escuta::kernels
