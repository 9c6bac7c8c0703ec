// The loops of gemm_int4_block.h.
#pragma once

#include "kernels/gemm_int4_block.h"
#include "kernels/simd/f32.h"

namespace escuta::kernels {
namespace {

// `count` bytes, at most kLanesF32, each to a lane; the other lanes 0.
ESCUTA_INLINE I32 widen_bytes(const unsigned char* src, long count) {
  U8 bytes = {};
  __builtin_memcpy(&bytes, src, (unsigned long)(count < kLanesF32 ? count : kLanesF32));
  return widen(bytes);
}

// Rows kRows of a by one column.
template <int kRows>
ESCUTA_INLINE void multiply_column4(const Int4Block& p, long row, long column) {
  const long half = p.block / 2, k = p.blocks * p.block;
  const unsigned char* b = p.b + column * p.blocks * half;
  const float* scale = p.scale + column * p.blocks;
  const unsigned char* zero = p.zero == nullptr ? nullptr : p.zero + column * ((p.blocks + 1) / 2);
  F32 sum[kRows] = {};
  float moved[kRows] = {};
  for (long i = 0; i < p.blocks; ++i, b += half) {
    F32 part[kRows] = {};
    for (long j = 0; j < half; j += kLanesF32) {
      const I32 bytes = widen_bytes(b + j, half - j);
      const F32 low = to_f32(bytes & 15), high = to_f32(bytes >> 4);
      for (int r = 0; r < kRows; ++r) {
        const float* a = p.a + (row + r) * k + i * p.block + j;
        part[r] += low * load_up_to(a, half - j) + high * load_up_to(a + half, half - j);
      }
    }
    const int z = zero == nullptr ? 8 : zero[i / 2] >> (i % 2 * 4) & 15;
    for (int r = 0; r < kRows; ++r) {
      sum[r] += part[r] * scale[i];
      moved[r] += p.a_sums[(row + r) * p.blocks + i] * scale[i] * (float)z;
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const float bias = p.bias == nullptr ? 0.0f : p.bias[column];
    p.c[(row + r) * p.c_stride + column] = sum_of(sum[r]) - moved[r] + bias;
  }
}

void multiply4(const Int4Block& p) {
  for (long column = 0; column < p.n; ++column) {
    long row = 0;
    for (; row + 4 <= p.m; row += 4) multiply_column4<4>(p, row, column);
    for (; row < p.m; ++row) multiply_column4<1>(p, row, column);
  }
}

void split4(const float* src, long k, long block, float* dst, float* sums) {
  for (long begin = 0; begin < k; begin += block, dst += block, ++sums) {
    float sum = 0;
    for (long i = 0; i < block; ++i) {
      const float value = begin + i < k ? src[begin + i] : 0.0f;
      dst[i % 2 * (block / 2) + i / 2] = value;
      sum += value;
    }
    *sums = sum;
  }
}

constexpr Int4Loops kInt4Loops = {.multiply = multiply4, .split = split4};

}  // namespace
}  // namespace escuta::kernels
