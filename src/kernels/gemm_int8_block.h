// The inner loops of 8-bit products, as gemm_int8.cc calls them. No std here: simd/simd.h says why.
#pragma once

#include "kernels/activation.h"

namespace escuta::kernels {

// Rows of u8 (tiles, packed by pack_rows) by panels of s8:
// sum over k of (a - a_zero) (b - b_zero) = a b - a_zero * sum(b) - b_zero * sum(a - a_zero).
// What is signed on the left or unsigned on the right is moved by 128 when packed, zero points too.
struct Int8Block {
  long m = 0, n = 0, groups = 0;  // groups of k, of `depth` elements each; the last padded by zeros
  const void* a = nullptr;        // [tiles, groups, mr, depth]
  long a_stride = 0;              // bytes from a tile to the next
  const void* b = nullptr;        // [panels, groups, nr, depth]
  long b_stride = 0;              // bytes from a panel to the next
  const int* row_sums = nullptr;  // [m], of a - a_zero
  const int* a_zero = nullptr;    // [m]
  const int* column_sums = nullptr;  // [n], of b
  const int* b_zero = nullptr;       // [n], or null: 0

  int* c = nullptr;        // [m, n]; or null, and c_f32 is set
  float* c_f32 = nullptr;  // activation(sum * a_scale * b_scale + bias)
  long c_stride = 0;
  const float* a_scale = nullptr;  // [m]
  const float* b_scale = nullptr;  // [n]
  const float* bias = nullptr;     // [n] or null
  Activation activation = Activation::kNone;
};

struct Int8Loops {
  long mr, nr, depth;
  long a_bytes;  // of an element of a tile

  void (*tiles_by_panels)(const Int8Block& block);
  // src [m, k] bytes, moved by `flip` (xor: 0 or 0x80), into tiles; row_sums[i] = the sum of the
  // moved bytes of row i. Elements beyond k are 0.
  void (*pack_rows)(const unsigned char* src, long src_stride, int flip, long m, long k, void* dst,
                    long dst_stride, int* row_sums);
  // src [k, n], or [n, k] with `transpose`, moved by `flip`, into panels; column_sums [panels *
  // nr].
  void (*pack_panels)(const unsigned char* src, long src_stride, bool transpose, int flip, long k,
                      long n, void* dst, long dst_stride, int* column_sums);
};

}  // namespace escuta::kernels
