#include "kernels/gemm_int8.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace escuta::kernels {
namespace {

constexpr long kBlockBytes = 256 << 10;  // of A, to stay in L2 beside a panel of B
constexpr double kTaskOps = 4e6;         // some 10 us
constexpr long kLine = 64;

long ceil_div(long a, long b) { return (a + b - 1) / b; }
long round_up(long a, long b) { return ceil_div(a, b) * b; }

// Packed B: a header, the sums of its columns, its panels.
struct Header {
  int32_t flip;  // 0x80 where b is u8
};

struct PackedSizes {
  long panels, panel_bytes, sums_bytes;
};
PackedSizes packed_sizes(long k, long n, const Int8Loops& loops) {
  const long panels = ceil_div(n, loops.nr);
  return {panels, round_up(ceil_div(k, loops.depth) * loops.depth * loops.nr, kLine),
          round_up(panels * loops.nr * 4, kLine)};
}

// How a product is cut: blocks of rows (packed once each), times chunks of columns.
struct Cut {
  PackedSizes packed;
  long groups = 0, tile_bytes = 0;
  long rows = 0, row_blocks = 1;
  long columns = 0, column_blocks = 1;
  int threads = 1;
  long tiles_bytes = 0;  // all of A
  long rows_bytes = 0;   // of one number for each row
  long columns_bytes = 0;
};

Cut cut_int8(const GemmInt8& g, int threads, const Int8Loops& loops) {
  Cut cut;
  cut.packed = packed_sizes(g.k, g.n, loops);
  cut.groups = ceil_div(g.k, loops.depth);
  cut.tile_bytes = round_up(cut.groups * loops.depth * loops.mr * loops.a_bytes, kLine);
  const double ops = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) *
                     static_cast<double>(std::max(g.k, 1L));
  const long affordable = static_cast<long>(std::min(ops / kTaskOps, 1e6)) + 1;
  cut.threads = static_cast<int>(std::min<long>(thread_pool().limit(threads), affordable));
  const long wanted = cut.threads == 1 ? 1 : std::min(4L * cut.threads, affordable);
  const long fitting = std::max(kBlockBytes / std::max(cut.tile_bytes, 1L), 4L) * loops.mr;
  cut.row_blocks = ceil_div(g.m, fitting);
  cut.rows = round_up(ceil_div(g.m, cut.row_blocks), loops.mr);
  cut.row_blocks = ceil_div(g.m, cut.rows);
  const long blocks = std::clamp(ceil_div(wanted, cut.row_blocks), 1L, cut.packed.panels);
  cut.columns = ceil_div(cut.packed.panels, blocks) * loops.nr;
  cut.column_blocks = ceil_div(g.n, cut.columns);
  cut.tiles_bytes = ceil_div(g.m, loops.mr) * cut.tile_bytes;
  cut.rows_bytes = round_up(g.m * 4, kLine);
  cut.columns_bytes = round_up(g.n * 4, kLine);
  return cut;
}

long packed_bytes(const PackedSizes& sizes) {
  return kLine + sizes.sums_bytes + sizes.panels * sizes.panel_bytes;
}

// Scratch in this order.
struct Parts {
  char *tiles, *row_sums, *a_zero, *a_scale, *b_zero, *b_scale, *packed_b, *end;
};
Parts parts_of(char* scratch, const GemmInt8& g, const Cut& cut) {
  Parts parts;
  parts.tiles = scratch;
  parts.row_sums = parts.tiles + cut.tiles_bytes;
  parts.a_zero = parts.row_sums + cut.rows_bytes;
  parts.a_scale = parts.a_zero + cut.rows_bytes;
  parts.b_zero = parts.a_scale + cut.rows_bytes;
  parts.b_scale = parts.b_zero + cut.columns_bytes;
  parts.packed_b = parts.b_scale + cut.columns_bytes;
  parts.end = parts.packed_b + (g.packed_b == nullptr ? packed_bytes(cut.packed) : 0);
  return parts;
}

// [n] values: src's own where it has n and they need no change, else made in dst from one or n or
// `none`, with `moved` added.
template <typename T>
const T* spread(const T* src, bool each, T none, T moved, long n, char* dst) {
  if (src != nullptr && each && moved == 0) return src;
  T* values = reinterpret_cast<T*>(dst);
  for (long i = 0; i < n; ++i) values[i] = (src == nullptr ? none : src[each ? i : 0]) + moved;
  return values;
}

// Panels of B, some a task.
void pack_columns(const void* b, long ldb, bool transpose, bool is_signed, long k, long n,
                  void* dst, int threads, const Int8Loops& loops) {
  const PackedSizes sizes = packed_sizes(k, n, loops);
  const Header header = {is_signed ? 0 : 0x80};
  char* bytes = static_cast<char*>(dst);
  std::copy_n(reinterpret_cast<const char*>(&header), sizeof(header), bytes);
  int* sums = reinterpret_cast<int*>(bytes + kLine);
  char* panels = bytes + kLine + sizes.sums_bytes;
  const auto* src = static_cast<const unsigned char*>(b);
  constexpr long kPanels = 4;
  thread_pool().parallel_for(ceil_div(sizes.panels, kPanels), threads, [&](long i, int) {
    const long panel = i * kPanels, column = panel * loops.nr;
    loops.pack_panels(src + (transpose ? column * ldb : column), ldb, transpose, header.flip, k,
                      std::min(kPanels * loops.nr, n - column), panels + panel * sizes.panel_bytes,
                      sizes.panel_bytes, sums + column);
  });
}

struct Run {
  const GemmInt8& g;
  const Int8Loops& loops;
  const Cut& cut;
  Parts parts;
  Int8Block whole;  // all of C; packed b

  void pack_a() {
    const int flip = g.a_signed ? 0x80 : 0;
    whole.a = parts.tiles;
    whole.a_stride = cut.tile_bytes;
    const auto* src = static_cast<const unsigned char*>(g.a);
    int* sums = reinterpret_cast<int*>(parts.row_sums);
    thread_pool().parallel_for(cut.row_blocks, cut.threads, [&](long i, int) {
      const long row = i * cut.rows;
      loops.pack_rows(src + row * g.lda, g.lda, flip, std::min(cut.rows, g.m - row), g.k,
                      parts.tiles + row / loops.mr * cut.tile_bytes, cut.tile_bytes, sums + row);
    });
    const int* zero = spread<int32_t>(g.a_zero, g.a_zero_per_row, 0, flip, g.m, parts.a_zero);
    // The kernel wants the sums of a - a_zero.
    for (long i = 0; i < g.m; ++i) {
      sums[i] = static_cast<int>(static_cast<uint32_t>(sums[i]) -
                                 static_cast<uint32_t>(zero[i]) * static_cast<uint32_t>(g.k));
    }
    whole.row_sums = sums;
    whole.a_zero = zero;
  }

  void set_b(const char* packed) {
    Header header;
    std::copy_n(packed, sizeof(header), reinterpret_cast<char*>(&header));
    whole.column_sums = reinterpret_cast<const int*>(packed + kLine);
    whole.b = packed + kLine + cut.packed.sums_bytes;
    whole.b_stride = cut.packed.panel_bytes;
    if (g.b_zero != nullptr || header.flip != 0) {
      whole.b_zero =
          spread<int32_t>(g.b_zero, g.b_zero_per_column, 0, -header.flip, g.n, parts.b_zero);
    }
  }

  void set_scales() {
    if (g.c != nullptr) return;
    whole.a_scale = spread<float>(g.a_scale, g.a_scale_per_row, 1, 0, g.m, parts.a_scale);
    whole.b_scale = spread<float>(g.b_scale, g.b_scale_per_column, 1, 0, g.n, parts.b_scale);
  }

  void task(long i) const {
    const long row = i % cut.row_blocks * cut.rows, column = i / cut.row_blocks * cut.columns;
    Int8Block block = whole;
    block.m = std::min(cut.rows, g.m - row);
    block.n = std::min(cut.columns, g.n - column);
    block.a = static_cast<const char*>(whole.a) + row / loops.mr * whole.a_stride;
    block.b = static_cast<const char*>(whole.b) + column / loops.nr * whole.b_stride;
    block.row_sums += row;
    block.a_zero += row;
    block.column_sums += column;
    if (whole.b_zero != nullptr) block.b_zero += column;
    if (whole.c != nullptr) {
      block.c += row * g.ldc + column;
    } else {
      block.c_f32 += row * g.ldc + column;
      block.a_scale += row;
      block.b_scale += column;
    }
    if (whole.bias != nullptr) block.bias += column;
    loops.tiles_by_panels(block);
  }
};

}  // namespace

size_t packed_b_int8_bytes(long k, long n, const KernelTable& table) {
  return static_cast<size_t>(packed_bytes(packed_sizes(k, n, table.gemm_int8)));
}

void pack_b_int8(const void* b, long ldb, bool transpose_b, bool b_signed, long k, long n,
                 void* dst, const KernelTable& table) {
  pack_columns(b, ldb, transpose_b, b_signed, k, n, dst, 0, table.gemm_int8);
}

size_t gemm_int8_scratch_bytes(const GemmInt8& gemm, int threads, const KernelTable& table) {
  if (gemm.m <= 0 || gemm.n <= 0) return 0;
  const Cut cut = cut_int8(gemm, threads, table.gemm_int8);
  return static_cast<size_t>(cut.tiles_bytes + 3 * cut.rows_bytes + 2 * cut.columns_bytes +
                             (gemm.packed_b == nullptr ? packed_bytes(cut.packed) : 0));
}

void run_gemm_int8(const GemmInt8& gemm, void* scratch, int threads, const KernelTable& table) {
  if (gemm.m <= 0 || gemm.n <= 0) return;
  const Int8Loops& loops = table.gemm_int8;
  const Cut cut = cut_int8(gemm, threads, loops);
  Run run{gemm, loops, cut, parts_of(static_cast<char*>(scratch), gemm, cut), {}};
  if (gemm.packed_b == nullptr) {
    pack_columns(gemm.b, gemm.ldb, gemm.transpose_b, gemm.b_signed, gemm.k, gemm.n,
                 run.parts.packed_b, cut.threads, loops);
  }
  run.whole.groups = cut.groups;
  run.whole.c = gemm.c;
  run.whole.c_f32 = gemm.c_f32;
  run.whole.c_stride = gemm.ldc;
  run.whole.bias = gemm.bias;
  run.whole.activation = gemm.activation;
  run.pack_a();
  run.set_b(gemm.packed_b == nullptr ? run.parts.packed_b
                                     : static_cast<const char*>(gemm.packed_b));
  run.set_scales();
  thread_pool().parallel_for(cut.row_blocks * cut.column_blocks, cut.threads,
                             [&](long i, int) { run.task(i); });
}

}  // namespace escuta::kernels
