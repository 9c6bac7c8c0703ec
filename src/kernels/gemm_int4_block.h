// The inner loop of gemm_int4.cc. No std here: simd/simd.h says why.
#pragma once

namespace escuta::kernels {

// Some columns of B (as in GemmInt4), times rows of A whose elements are split by parity within
// each block: a block holds its even elements, then its odd ones, so that the low halves of B's
// bytes meet one run and the high halves another.
struct Int4Block {
  long m = 0, n = 0;
  long blocks = 0, block = 0;           // blocks of k in a column, and elements of each
  const float* a = nullptr;             // [m, blocks * block], split; zeros beyond k
  const float* a_sums = nullptr;        // [m, blocks]: the sum of each block of a
  const unsigned char* b = nullptr;     // [n, blocks, block / 2]
  const float* scale = nullptr;         // [n, blocks]
  const unsigned char* zero = nullptr;  // [n, ceil(blocks / 2)] or null: 8
  const float* bias = nullptr;          // [n] or null
  float* c = nullptr;                   // [m, n], c_stride elements from a row to the next
  long c_stride = 0;
};
struct Int4Loops {
  void (*multiply)(const Int4Block& block);
  // dst [blocks * block] and sums [blocks] from src [k].
  void (*split)(const float* src, long k, long block, float* dst, float* sums);
};

}  // namespace escuta::kernels
