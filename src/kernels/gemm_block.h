// The inner loops of products in f32 and f64, as gemm.cc calls them: a block of C, on one thread.
// No std here: simd/simd.h says why.
#pragma once

#include "kernels/activation.h"

namespace escuta::kernels {

constexpr long kMaxTileRows = 16;

// What the elements of b are. 16-bit ones become f32 in registers, exactly: half the
// memory and half the bytes to read for weights that were published in 16 bits. 8-bit ones are
// codes, with a scale for each column and kScaledDepth rows: a quarter, rounded.
enum class PanelType { kOwn, kFloat16, kBfloat16, kInt8 };

// Panels of kInt8 are made of blocks: nr floats, the scales, and codes [kScaledDepth, nr].
constexpr long kScaledDepth = 64;
constexpr long int8_block_bytes(long nr) { return nr * ((long)sizeof(float) + kScaledDepth); }

// c = activation(alpha * a b + beta * c + bias + row_bias). f64 knows kNone and kRelu.
//
// a is plain rows [m, k] or tiles [ceil(m / mr), k, mr] that hold mr rows each; b is plain rows
// [k, n], plain rows [n, k] or panels [ceil(n / nr), k, nr] that hold nr columns each. The last
// tile and panel are filled up with zeros. Of another PanelType may be, for a in f32: panels of
// codes, panels of 16 bits where GemmLoops::fits is not null, and rows of b in float16 everywhere.
template <typename T>
struct GemmBlock {
  long m = 0, n = 0, k = 0;
  const T* a = nullptr;
  long a_stride = 0;  // elements from a row (a tile) to the next
  const T* b = nullptr;
  long b_stride = 0;  // elements from a row (a panel) to the next; bytes of codes
  PanelType b_type = PanelType::kOwn;
  T* c = nullptr;  // [m, n]
  long c_stride = 0;
  T alpha = 1, beta = 0;
  const T* bias = nullptr;      // [n] or null
  const T* row_bias = nullptr;  // [m] or null
  Activation activation = Activation::kNone;
};

template <typename T>
struct GemmLoops {
  long mr, nr;

  void (*rows_by_panels)(const GemmBlock<T>& block);
  void (*tiles_by_panels)(const GemmBlock<T>& block);
  // For 1 <= m <= 8, reading b once: times b [k, n], and times b [n, k] (dot products).
  void (*few_rows_by_rows)(const GemmBlock<T>& block);
  void (*few_rows_by_columns)(const GemmBlock<T>& block);

  // Panels of op(src) [k, n]: src [k, n], or [n, k] with `transpose`. dst_stride elements from a
  // panel to the next, so that a part of k can be packed.
  void (*pack_panels)(const T* src, long src_stride, bool transpose, long k, long n, T* dst,
                      long dst_stride);
  // f32 only, null where the instruction set has no conversion: whether n numbers are exactly
  // numbers of the type, and those.
  bool (*fits)(PanelType type, const T* src, long n);
  void (*narrow)(PanelType type, const T* src, unsigned short* dst, long n);
  // f32 only: a block of kInt8 from src [rows, nr]; codes of rows up to kScaledDepth are 0.
  void (*quantize)(const float* src, long rows, void* dst);
  // Tiles of op(src) [m, k]: src [m, k], or [k, m] with `transpose`.
  void (*pack_tiles)(const T* src, long src_stride, bool transpose, long m, long k, T* dst,
                     long dst_stride);
};

}  // namespace escuta::kernels
