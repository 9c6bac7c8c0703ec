// The loops of gemm_block.h. A tile of C, up to kMr rows by kNr columns, stays in registers while
// k runs; then it goes through a small buffer to C, with everything that is added on the way.
#pragma once

#include "kernels/gemm_block.h"
#include "kernels/math_f32.h"
#include "kernels/simd/f32.h"

namespace escuta::kernels {
namespace {

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
  using Type = F32;
};
template <>
struct VectorOf<double> {
  using Type = F64;
};
template <typename T>
using Vector = typename VectorOf<T>::Type;
template <typename T>
constexpr int kLanes = kVectorBytes / (int)sizeof(T);

// Measured on Zen 4: 12 x 2, 14 x 2, 8 x 3 and 6 x 4 vectors all reach the peak from packed A, and
// so does 6 x 2 of AVX2. 12 x 2 wastes little on common sizes and stays near the peak from plain
// rows. NEON has 32 registers of 4 lanes: 8 x 3 of them are sums, and 11 loads feed 24 products.
#if defined(__AVX512F__)
constexpr int kMr = 12, kNrVectors = 2;
#elif defined(__AVX2__)
constexpr int kMr = 6, kNrVectors = 2;
#elif defined(ESCUTA_NEON)
constexpr int kMr = 8, kNrVectors = 3;
#else
constexpr int kMr = 4, kNrVectors = 2;
#endif
template <typename T>
constexpr int kNr = kNrVectors* kLanes<T>;
static_assert(kMr <= kMaxTileRows);

ESCUTA_INLINE float sum_lanes(F32 x) { return sum_of(x); }
ESCUTA_INLINE double sum_lanes(F64 x) {
  double sum = 0;
  for (int i = 0; i < kLanesF64; ++i) sum += x[i];
  return sum;
}
ESCUTA_INLINE F64 activate(F64 x, Activation activation) {
  return activation == Activation::kRelu ? select(x < 0.0, F64{}, x) : x;
}
ESCUTA_INLINE F64 load_up_to(const double* src, long n) {
  F64 value = {};
  __builtin_memcpy(&value, src, (unsigned long)(n < kLanesF64 ? n : kLanesF64) * sizeof(double));
  return value;
}
ESCUTA_INLINE void store_up_to(F64 value, double* dst, long n) {
  __builtin_memcpy(dst, &value, (unsigned long)(n < kLanesF64 ? n : kLanesF64) * sizeof(double));
}

// What happens to a vector of columns (column .. column + n - 1) of the sums of `rows` rows.
template <typename T, bool kWhole>
ESCUTA_INLINE void finish_columns(const GemmBlock<T>& block, const T* sums, long stride, long row,
                                  long rows, long column, long n) {
  T* c = block.c + row * block.c_stride + column;
  Vector<T> bias = {};
  if (block.bias != nullptr) {
    bias = kWhole ? load(block.bias + column) : load_up_to(block.bias + column, n);
  }
  for (long r = 0; r < rows; ++r, sums += stride, c += block.c_stride) {
    Vector<T> x = load(sums) * block.alpha + bias;
    if (block.row_bias != nullptr) x += block.row_bias[row + r];
    if (block.beta != 0) x += block.beta * (kWhole ? load(c) : load_up_to(c, n));
    if (block.activation != Activation::kNone) x = activate(x, block.activation);
    if constexpr (kWhole) {
      store(x, c);
    } else {
      store_up_to(x, c, n);
    }
  }
}

// rows x n of sums, `stride` apart, into block.c at (row, column).
template <typename T>
__attribute__((noinline)) void finish_tile(const GemmBlock<T>& block, const T* sums, long stride,
                                           long row, long rows, long column, long n) {
  constexpr int kL = kLanes<T>;
  const bool plain = block.beta == 0 && block.bias == nullptr && block.row_bias == nullptr &&
                     block.activation == Activation::kNone;
  long i = 0;
  for (; plain && i + kL <= n; i += kL) {
    T* c = block.c + row * block.c_stride + column + i;
    for (long r = 0; r < rows; ++r)
      store(load(sums + r * stride + i) * block.alpha, c + r * block.c_stride);
  }
  for (; i + kL <= n; i += kL) {
    finish_columns<T, true>(block, sums + i, stride, row, rows, column + i, kL);
  }
  if (i < n) finish_columns<T, false>(block, sums + i, stride, row, rows, column + i, n - i);
}

// Adds kRows elements of a, each times the columns of one row of a panel.
template <typename T, int kRows, bool kPacked>
ESCUTA_INLINE void add_products(const T* a, long a_stride, const Vector<T> (&column)[kNrVectors],
                                Vector<T> (&sum)[kRows][kNrVectors]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const Vector<T> row = (kPacked ? a[r] : a[r * a_stride]) - Vector<T>{};
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors; ++v) sum[r][v] += row * column[v];
  }
}

template <typename T, typename B, int kRows, bool kPacked>
ESCUTA_INLINE void multiply_panel(const T* a, long a_stride, const B* b, long k,
                                  Vector<T> (&sum)[kRows][kNrVectors]) {
  for (long p = 0; p < k; ++p) {
    Vector<T> column[kNrVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors; ++v) column[v] = load(b + v * kLanes<T>);
    add_products<T, kRows, kPacked>(a, a_stride, column, sum);
    a += kPacked ? kMr : 1;
    b += kNr<T>;
  }
}

// The scale goes to the codes, not to the sums: there are registers for one set of sums only.
template <typename T, typename B, int kRows, bool kPacked>
ESCUTA_INLINE void multiply_panel(const T* a, long a_stride, const Int8Code* b, long k,
                                  Vector<T> (&sum)[kRows][kNrVectors]) {
  for (long begin = 0; begin < k; begin += kScaledDepth) {
    F32 scale[kNrVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors; ++v) scale[v] = load_as<F32>(b + v * kVectorBytes);
    const Int8Code* code = b + kNr<float> * (long)sizeof(float);
    const long end = k - begin < kScaledDepth ? k : begin + kScaledDepth;
    for (long p = begin; p < end; ++p) {
      F32 column[kNrVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kNrVectors; ++v) column[v] = load(code + v * kLanesF32) * scale[v];
      add_products<T, kRows, kPacked>(a, a_stride, column, sum);
      a += kPacked ? kMr : 1;
      code += kNr<float>;
    }
    b += int8_block_bytes(kNr<float>);
  }
}

// One tile: the sums of kRows rows of a by one panel, whose elements are of type B.
template <typename T, typename B, int kRows, bool kPacked>
ESCUTA_INLINE void multiply_tile(const T* a, long a_stride, const B* b, long k, T* sums) {
  constexpr int kL = kLanes<T>;
  Vector<T> sum[kRows][kNrVectors] = {};
  multiply_panel<T, B, kRows, kPacked>(a, a_stride, b, k, sum);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kNrVectors; ++v) store(sum[r][v], sums + r * kNr<T> + v * kL);
  }
}

template <typename T, typename B, bool kPacked, int kRows = kMr>
inline void multiply_rows(long rows, const T* a, long a_stride, const B* b, long k, T* sums) {
  if (rows == kRows) {
    multiply_tile<T, B, kRows, kPacked>(a, a_stride, b, k, sums);
  } else if constexpr (kRows > 1) {
    multiply_rows<T, B, kPacked, kRows - 1>(rows, a, a_stride, b, k, sums);
  }
}

// Panel by panel, so that a panel is read from memory once; the rows of a stay in L2.
template <typename T, typename B, bool kPacked>
inline void by_panels_of(const GemmBlock<T>& block) {
  alignas(64) T sums[kMr * kNr<T>];
  for (long column = 0; column < block.n; column += kNr<T>) {
    const long n = block.n - column < kNr<T> ? block.n - column : kNr<T>;
    const B* panel = (const B*)(const void*)block.b + column / kNr<T> * block.b_stride;
    for (long row = 0; row < block.m; row += kMr) {
      const long rows = block.m - row < kMr ? block.m - row : kMr;
      const T* a = block.a + (kPacked ? row / kMr : row) * block.a_stride;
      multiply_rows<T, B, kPacked>(rows, a, block.a_stride, panel, block.k, sums);
      finish_tile(block, sums, kNr<T>, row, rows, column, n);
    }
  }
}

template <typename T, bool kPacked>
inline void by_panels(const GemmBlock<T>& block) {
  if constexpr (sizeof(T) == sizeof(float)) {
    if (block.b_type == PanelType::kInt8) return by_panels_of<T, Int8Code, kPacked>(block);
  }
#if defined(ESCUTA_HAS_FLOAT16)
  if constexpr (sizeof(T) == sizeof(float)) {
    if (block.b_type == PanelType::kFloat16) return by_panels_of<T, Float16Bits, kPacked>(block);
    if (block.b_type == PanelType::kBfloat16) return by_panels_of<T, Bfloat16Bits, kPacked>(block);
  }
#endif
  by_panels_of<T, T, kPacked>(block);
}

template <typename T>
void rows_by_panels(const GemmBlock<T>& block) {
  by_panels<T, false>(block);
}
template <typename T>
void tiles_by_panels(const GemmBlock<T>& block) {
  by_panels<T, true>(block);
}

// --- Few rows of a, b as it is ------------------------------------------------------------------

// A strip of columns whose sums stay in L1, eight rows of b at a time: long runs of each row are
// read one after the other. The fewer the rows of a, the longer.
constexpr long kStripSums = 4096;
// Of b: more than that come from memory.
constexpr long kCachedElements = 1 << 20;

template <typename T, typename B, int kDepth>
inline void add_rows(const GemmBlock<T>& block, long p, long column, long n, T* sums, long stride) {
  constexpr int kL = kLanes<T>;
  const B* b = (const B*)(const void*)block.b + p * block.b_stride + column;
  const bool ahead = p + 2 * kDepth <= block.k && block.b_stride * block.k > kCachedElements;
  for (long i = 0; i < n; i += kL) {
    Vector<T> rows[kDepth];
#pragma GCC unroll 8
    for (int d = 0; d < kDepth; ++d) {
      const B* row = b + d * block.b_stride + i;
      rows[d] = load_up_to(row, n - i);
      // The rows that come next lie on other pages, where no hardware prefetcher looks.
      if (ahead) __builtin_prefetch(row + kDepth * block.b_stride);
    }
    for (long r = 0; r < block.m; ++r) {
      const T* a = block.a + r * block.a_stride + p;
      Vector<T> sum = load(sums + r * stride + i);
#pragma GCC unroll 8
      for (int d = 0; d < kDepth; ++d) sum += rows[d] * a[d];
      store(sum, sums + r * stride + i);
    }
  }
}

template <typename T, typename B>
inline void few_rows_by_rows_of(const GemmBlock<T>& block) {
  constexpr int kDepth = 8;
  alignas(64) T sums[kStripSums];
  const long strip = kStripSums / (block.m <= 1 ? 1 : block.m <= 2 ? 2 : block.m <= 4 ? 4 : 8);
  for (long column = 0; column < block.n; column += strip) {
    const long n = block.n - column < strip ? block.n - column : strip;
    for (long r = 0; r < block.m; ++r) {
      for (long i = 0; i < n; i += kLanes<T>) store(Vector<T>{}, sums + r * strip + i);
    }
    long p = 0;
    for (; p + kDepth <= block.k; p += kDepth) {
      add_rows<T, B, kDepth>(block, p, column, n, sums, strip);
    }
    for (; p < block.k; ++p) add_rows<T, B, 1>(block, p, column, n, sums, strip);
    finish_tile(block, sums, strip, 0, block.m, column, n);
  }
}

template <typename T>
void few_rows_by_rows(const GemmBlock<T>& block) {
  if constexpr (sizeof(T) == sizeof(float)) {
    if (block.b_type == PanelType::kFloat16) return few_rows_by_rows_of<T, Float16Bits>(block);
  }
  few_rows_by_rows_of<T, T>(block);
}

template <typename T, typename B, int kRows, int kColumns, bool kWhole>
ESCUTA_INLINE void add_dots(const T* a, long a_stride, const B* b, long b_stride, long n,
                            Vector<T> (&sum)[kRows][kColumns]) {
  Vector<T> left[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    left[r] = kWhole ? load(a + r * a_stride) : load_up_to(a + r * a_stride, n);
  }
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const B* row = b + c * b_stride;
    const Vector<T> right = kWhole ? load(row) : load_up_to(row, n);
    if (kWhole) __builtin_prefetch(row + kColumns * b_stride);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) sum[r][c] += left[r] * right;
  }
}

// The dot products of kRows rows of a with kColumns rows of b.
template <typename T, typename B, int kRows, int kColumns>
inline void dots(const T* a, long a_stride, const B* b, long b_stride, long k, T* sums,
                 long stride) {
  constexpr int kL = kLanes<T>;
  Vector<T> sum[kRows][kColumns] = {};
  long p = 0;
  for (; p + kL <= k; p += kL) {
    add_dots<T, B, kRows, kColumns, true>(a + p, a_stride, b + p, b_stride, kL, sum);
  }
  if (p < k) add_dots<T, B, kRows, kColumns, false>(a + p, a_stride, b + p, b_stride, k - p, sum);
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) sums[r * stride + c] = sum_lanes(sum[r][c]);
  }
}

template <typename T, typename B, int kColumns>
inline void dots_of_column(const GemmBlock<T>& block, long column, T* sums, long stride) {
  const B* b = (const B*)(const void*)block.b + column * block.b_stride;
  long r = 0;
  for (; r + 2 <= block.m; r += 2) {
    dots<T, B, 2, kColumns>(block.a + r * block.a_stride, block.a_stride, b, block.b_stride,
                            block.k, sums + r * stride, stride);
  }
  if (r < block.m) {
    dots<T, B, 1, kColumns>(block.a + r * block.a_stride, block.a_stride, b, block.b_stride,
                            block.k, sums + r * stride, stride);
  }
}

template <typename T, typename B>
inline void few_rows_by_columns_of(const GemmBlock<T>& block) {
  constexpr long kColumns = 64;
  alignas(64) T sums[8 * kColumns];
  for (long column = 0; column < block.n; column += kColumns) {
    const long n = block.n - column < kColumns ? block.n - column : kColumns;
    long i = 0;
    for (; i + 4 <= n; i += 4) dots_of_column<T, B, 4>(block, column + i, sums + i, kColumns);
    for (; i < n; ++i) dots_of_column<T, B, 1>(block, column + i, sums + i, kColumns);
    finish_tile(block, sums, kColumns, 0, block.m, column, n);
  }
}

template <typename T>
void few_rows_by_columns(const GemmBlock<T>& block) {
  if constexpr (sizeof(T) == sizeof(float)) {
    if (block.b_type == PanelType::kFloat16) return few_rows_by_columns_of<T, Float16Bits>(block);
  }
  few_rows_by_columns_of<T, T>(block);
}

// --- Packing ------------------------------------------------------------------------------------

// dst [depth, width] = src [width, depth] transposed, for the first `filled` of width rows of src;
// zeros for the others. In squares, so that lines of src and dst are used up while in L1.
template <typename T>
inline void pack_transposed(const T* src, long src_stride, long depth, long width, long filled,
                            T* dst) {
  constexpr long kSquare = 16;
  for (long begin = 0; begin < depth; begin += kSquare) {
    const long end = begin + kSquare < depth ? begin + kSquare : depth;
    for (long w = 0; w < filled; ++w) {
      for (long p = begin; p < end; ++p) dst[p * width + w] = src[w * src_stride + p];
    }
    for (long p = begin; p < end; ++p) {
      for (long w = filled; w < width; ++w) dst[p * width + w] = 0;
    }
  }
}

// dst [depth, width] = the first `filled` columns of src [depth, *], and zeros.
template <typename T>
inline void pack_straight(const T* src, long src_stride, long depth, long width, long filled,
                          T* dst) {
  for (long p = 0; p < depth; ++p, src += src_stride, dst += width) {
    if (filled == width) {
      __builtin_memcpy(dst, src, (unsigned long)width * sizeof(T));
      continue;
    }
    for (long w = 0; w < width; ++w) dst[w] = w < filled ? src[w] : T(0);
  }
}

template <typename T>
void pack_panels(const T* src, long src_stride, bool transpose, long k, long n, T* dst,
                 long dst_stride) {
  constexpr long kWidth = kNr<T>;
  for (long column = 0; column < n; column += kWidth, dst += dst_stride) {
    const long filled = n - column < kWidth ? n - column : kWidth;
    if (transpose) {
      pack_transposed(src + column * src_stride, src_stride, k, kWidth, filled, dst);
    } else {
      pack_straight(src + column, src_stride, k, kWidth, filled, dst);
    }
  }
}

template <typename T>
void pack_tiles(const T* src, long src_stride, bool transpose, long m, long k, T* dst,
                long dst_stride) {
  constexpr long kWidth = kMr;
  for (long row = 0; row < m; row += kWidth, dst += dst_stride) {
    const long filled = m - row < kWidth ? m - row : kWidth;
    if (transpose) {
      pack_straight(src + row, src_stride, k, kWidth, filled, dst);
    } else {
      pack_transposed(src + row * src_stride, src_stride, k, kWidth, filled, dst);
    }
  }
}

// --- Panels of 8 and 16 bits --------------------------------------------------------------------

void quantize(const float* src, long rows, void* dst) {
  constexpr long kColumns = kNr<float>;
  constexpr float kMost = 127;  // -128 is left out, so that codes are symmetric
  auto* codes = (Int8Code*)((char*)dst + kColumns * (long)sizeof(float));
  for (long column = 0; column < kColumns; column += kLanesF32) {
    F32 most = {};
    for (long p = 0; p < rows; ++p) most = max(most, abs(load(src + p * kColumns + column)));
    const F32 scale = most / kMost;
    store_as(scale, (float*)dst + column);
    // What is beyond a float's range, or of no size, has no codes.
    const F32 factor = select((scale > 0.0f) & (scale < __builtin_inff()), 1.0f / scale, F32{});
    for (long p = 0; p < kScaledDepth; ++p) {
      const F32 x = p < rows ? load(src + p * kColumns + column) * factor : F32{};
      const I32 code = to_i32(round_small(max(min(x, splat_f32(kMost)), splat_f32(-kMost))));
      store_as(narrow_to_u8(code), codes + p * kColumns + column);
    }
  }
}

#if defined(ESCUTA_HAS_FLOAT16)
template <typename B>
inline bool all_fit(const float* src, long n) {
  constexpr long kAtOnce = 64 * kLanesF32;
  for (long begin = 0; begin < n; begin += kAtOnce) {
    const long end = n - begin < kAtOnce ? n : begin + kAtOnce;
    I32 differs = {};
    for (long i = begin; i < end; i += kLanesF32) {
      const F32 x = load_up_to(src + i, n - i);
      B narrow[kLanesF32];
      store(x, narrow);
      differs |= bits_of(load(narrow)) ^ bits_of(x);
    }
    int any = 0;
    for (int lane = 0; lane < kLanesF32; ++lane) any |= differs[lane];
    if (any != 0) return false;
  }
  return true;
}
template <typename B>
inline void narrow_to(const float* src, unsigned short* dst, long n) {
  long i = 0;
  for (; i + kLanesF32 <= n; i += kLanesF32) store(load(src + i), (B*)(void*)(dst + i));
  if (i == n) return;
  B rest[kLanesF32];
  store(load_n(src + i, n - i), rest);
  __builtin_memcpy(dst + i, rest, (unsigned long)(n - i) * sizeof(B));
}

bool fits(PanelType type, const float* src, long n) {
  return type == PanelType::kFloat16 ? all_fit<Float16Bits>(src, n) : all_fit<Bfloat16Bits>(src, n);
}
void narrow(PanelType type, const float* src, unsigned short* dst, long n) {
  if (type == PanelType::kFloat16) return narrow_to<Float16Bits>(src, dst, n);
  narrow_to<Bfloat16Bits>(src, dst, n);
}
#endif

template <typename T>
constexpr decltype(GemmLoops<T>::fits) kFits = nullptr;
template <typename T>
constexpr decltype(GemmLoops<T>::narrow) kNarrow = nullptr;
template <typename T>
constexpr decltype(GemmLoops<T>::quantize) kQuantize = nullptr;
template <>
constexpr decltype(GemmLoops<float>::quantize) kQuantize<float> = quantize;
#if defined(ESCUTA_HAS_FLOAT16)
template <>
constexpr decltype(GemmLoops<float>::fits) kFits<float> = fits;
template <>
constexpr decltype(GemmLoops<float>::narrow) kNarrow<float> = narrow;
#endif

template <typename T>
constexpr GemmLoops<T> kGemmLoops = {
    .mr = kMr,
    .nr = kNr<T>,
    .rows_by_panels = rows_by_panels<T>,
    .tiles_by_panels = tiles_by_panels<T>,
    .few_rows_by_rows = few_rows_by_rows<T>,
    .few_rows_by_columns = few_rows_by_columns<T>,
    .pack_panels = pack_panels<T>,
    .fits = kFits<T>,
    .narrow = kNarrow<T>,
    .quantize = kQuantize<T>,
    .pack_tiles = pack_tiles<T>,
};

}  // namespace
}  // namespace escuta::kernels
