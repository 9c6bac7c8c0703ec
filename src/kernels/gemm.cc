#include "kernels/gemm.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/thread_pool.h"
#include "kernels/gemm_layout.h"

namespace escuta::kernels {
namespace {

constexpr long kBlockDepth = 1024;        // of k, between two visits of C
constexpr long kBlockBytes = 384 << 10;   // of A, to stay in L2 beside a panel of B
constexpr size_t kPackedBytes = 8 << 20;  // of B, where each pair of a grid has its own
constexpr double kTaskFlops = 1e6;        // some 10 us
constexpr double kTaskBytes = 256 << 10;  // of B, for few rows: some 20 us from memory
constexpr long kAlignment = 64;

template <typename T>
const GemmLoops<T>& loops_of(const KernelTable& table) {
  if constexpr (std::is_same_v<T, float>) {
    return table.gemm_f32;
  } else {
    return table.gemm_f64;
  }
}

// How a product is cut into tasks.
struct Cut {
  bool few_rows = false;       // B as it is, few_rows_by_*
  bool pack_a = false;         // each task packs its rows
  bool pack_b = false;         // before the tasks
  long depth = 0, depths = 1;  // of a block along k, and how many
  long rows = 0, row_blocks = 1;
  long columns = 0, column_blocks = 1;
  long group = 1;  // pairs whose B are packed together
  int threads = 1;
  size_t packed_b = 0;  // elements of one packed B
  size_t packed_a = 0;  // elements for one thread
};

template <typename T>
bool shares_b(const GemmOf<T>& g) {
  return g.batch[0] * g.batch[1] == 1 ||
         ((g.batch[0] == 1 || g.stride_b[0] == 0) && (g.batch[1] == 1 || g.stride_b[1] == 0));
}

// Rows of several A that follow each other, times one B, are the rows of one product.
template <typename T>
GemmOf<T> folded(GemmOf<T> g) {
  if (g.transpose_a && g.m == 1 && g.lda == 1) {
    g.transpose_a = false;
    g.lda = g.k;
  }
  if (g.transpose_a || g.packed_a != nullptr || g.row_bias != nullptr || !shares_b(g)) return g;
  for (int level = 1; level >= 0; --level) {
    const long count = g.batch[level];
    if (count != 1 && (g.m != 1 || level == 0 || g.batch[0] == 1) &&
        g.stride_a[level] == g.m * g.lda && g.stride_c[level] == g.m * g.ldc) {
      g.m *= count;
      g.batch[level] = 1;
    }
    if (g.batch[1] != 1) break;
  }
  return g;
}

// Columns in chunks of a multiple of `unit`, enough of them to keep the threads busy.
void cut_columns(Cut& cut, long n, long unit, long tasks_so_far, long wanted) {
  const long most = ceil_div(n, unit);
  cut.column_blocks = std::clamp(ceil_div(wanted, std::max(tasks_so_far, 1L)), 1L, most);
  cut.columns = round_up(ceil_div(n, cut.column_blocks), unit);
  cut.column_blocks = ceil_div(n, cut.columns);
}

template <typename T>
Cut cut_gemm(const GemmOf<T>& g, int threads, const GemmLoops<T>& loops) {
  Cut cut;
  const long pairs = g.batch[0] * g.batch[1];
  const double flops = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) *
                       static_cast<double>(std::max(g.k, 1L)) * static_cast<double>(pairs);
  const double b_bytes = static_cast<double>(g.k) * static_cast<double>(g.n) * sizeof(T) *
                         static_cast<double>(shares_b(g) ? 1 : pairs);
  const double tasks = std::max(flops / kTaskFlops, b_bytes / kTaskBytes);
  const long affordable = static_cast<long>(std::min(tasks, 1e6)) + 1;
  cut.threads = static_cast<int>(std::min<long>(thread_pool().limit(threads), affordable));
  const long wanted = cut.threads == 1 ? 1 : std::min(4L * cut.threads, affordable);

  const bool plain_a = g.packed_a == nullptr && !g.transpose_a;
  cut.few_rows = g.m <= kSkinnyRows && plain_a && g.packed_b == nullptr;
  if (cut.few_rows) {
    cut.depth = g.k;
    cut.rows = g.m;
    cut_columns(cut, g.n, 64, pairs, wanted);
    return cut;
  }
  cut.depths = std::max(ceil_div(g.k, kBlockDepth), 1L);
  cut.depth = round_up(ceil_div(g.k, cut.depths), kScaledDepth);
  cut.depths = std::max(ceil_div(g.k, std::max(cut.depth, 1L)), 1L);
  const long cache_rows =
      kBlockBytes / static_cast<long>(sizeof(T)) / std::max(cut.depth, 1L) / loops.mr * loops.mr;
  cut.row_blocks = ceil_div(g.m, std::max(cache_rows, 4 * loops.mr));
  cut.rows = round_up(ceil_div(g.m, cut.row_blocks), loops.mr);
  cut.row_blocks = ceil_div(g.m, cut.rows);
  cut_columns(cut, g.n, g.m <= kSkinnyRows ? loops.nr : 2 * loops.nr, pairs * cut.row_blocks,
              wanted);
  // Rows whose lines all fall into one set of L1 would push each other out.
  const bool clashes = g.m > kSkinnyRows && g.lda * static_cast<long>(sizeof(T)) % 4096 == 0;
  cut.pack_a = g.packed_a == nullptr && (g.transpose_a || clashes);
  cut.pack_b = g.packed_b == nullptr;
  if (cut.pack_a) {
    cut.packed_a =
        static_cast<size_t>(ceil_div(cut.rows, loops.mr) * tile_stride(cut.depth, loops));
  }
  if (cut.pack_b) {
    cut.packed_b = static_cast<size_t>(ceil_div(g.n, loops.nr) * panel_stride(g.k, loops));
    const size_t bytes = std::max<size_t>(cut.packed_b * sizeof(T), 1);
    const long fitting = static_cast<long>(kPackedBytes / bytes);
    cut.group = shares_b(g) ? 1 : std::clamp(fitting, 1L, std::max(pairs, 1L));
  }
  return cut;
}

template <typename T>
struct Run {
  const GemmOf<T>& g;
  const GemmLoops<T>& loops;
  const Cut cut;
  T* packed_b;  // [group, packed_b]
  T* packed_a;  // [threads, packed_a]

  long offset(const long (&stride)[2], long pair) const {
    return pair / g.batch[1] * stride[0] + pair % g.batch[1] * stride[1];
  }

  // Packs the B of pairs first .. first + count - 1, some panels a task.
  void pack(long first, long count) const {
    constexpr long kPanels = 8;
    const long panels = ceil_div(g.n, loops.nr), chunks = ceil_div(panels, kPanels);
    const long stride = panel_stride(g.k, loops);
    thread_pool().parallel_for(count * chunks, cut.threads, [&](long task, int) {
      const long panel = task % chunks * kPanels, column = panel * loops.nr;
      const T* src = g.b + offset(g.stride_b, first + task / chunks);
      loops.pack_panels(
          src + (g.transpose_b ? column * g.ldb : column), g.ldb, g.transpose_b, g.k,
          std::min(kPanels * loops.nr, g.n - column),
          packed_b + static_cast<size_t>(task / chunks) * cut.packed_b + panel * stride, stride);
    });
  }

  GemmBlock<T> block(long pair, long row, long column) const {
    GemmBlock<T> b;
    b.m = std::min(cut.rows, g.m - row);
    b.n = std::min(cut.columns, g.n - column);
    b.c = g.c + offset(g.stride_c, pair) + row * g.ldc + column;
    b.c_stride = g.ldc;
    b.alpha = g.alpha;
    b.beta = g.beta;
    return b;
  }
  void set_ending(GemmBlock<T>& b, long row, long column) const {
    b.bias = g.bias == nullptr ? nullptr : g.bias + column;
    b.row_bias = g.row_bias == nullptr ? nullptr : g.row_bias + row;
    b.activation = g.activation;
  }

  void few_rows(long pair, long column) const {
    GemmBlock<T> b = block(pair, 0, column);
    set_ending(b, 0, column);
    b.k = g.k;
    b.a = g.a + offset(g.stride_a, pair);
    b.a_stride = g.lda;
    b.b = g.b + offset(g.stride_b, pair) + (g.transpose_b ? column * g.ldb : column);
    b.b_stride = g.ldb;
    (g.transpose_b ? loops.few_rows_by_columns : loops.few_rows_by_rows)(b);
  }

  // Sets b.a for rows row.. and k's part from..; says whether it is tiles.
  bool set_a(GemmBlock<T>& b, long pair, long row, long from, int slot) const {
    if (g.packed_a != nullptr) {
      b.a_stride = tile_stride(g.k, loops);
      b.a = g.packed_a + row / loops.mr * b.a_stride + from * loops.mr;
      return true;
    }
    const T* a = g.a + offset(g.stride_a, pair);
    a += g.transpose_a ? from * g.lda + row : row * g.lda + from;
    if (!cut.pack_a) {
      b.a = a;
      b.a_stride = g.lda;
      return false;
    }
    T* tiles = packed_a + static_cast<size_t>(slot) * cut.packed_a;
    b.a_stride = tile_stride(b.k, loops);
    loops.pack_tiles(a, g.lda, g.transpose_a, b.m, b.k, tiles, b.a_stride);
    b.a = tiles;
    return true;
  }

  void panels(long pair, long row, long column, const void* packed, int slot) const {
    GemmBlock<T> b = block(pair, row, column);
    b.b_type = cut.pack_b ? PanelType::kOwn : g.packed_type;
    const long bytes = panel_bytes(b.b_type, g.k, loops);
    b.b_stride = b.b_type == PanelType::kInt8 ? bytes : panel_stride(g.k, loops);
    for (long i = 0; i < cut.depths; ++i) {
      const long from = i * cut.depth;
      b.k = std::min(cut.depth, g.k - from);
      if (i > 0) b.beta = 1;
      if (i == cut.depths - 1) set_ending(b, row, column);
      const long at = column / loops.nr * bytes + row_bytes(b.b_type, from, loops);
      b.b = static_cast<const T*>(
          static_cast<const void*>(static_cast<const std::byte*>(packed) + at));
      (set_a(b, pair, row, from, slot) ? loops.tiles_by_panels : loops.rows_by_panels)(b);
    }
  }

  void tasks(long first, long count) const {
    const long per_pair = cut.row_blocks * cut.column_blocks;
    thread_pool().parallel_for(count * per_pair, cut.threads, [&](long task, int slot) {
      const long pair = first + task / per_pair, part = task % per_pair;
      const long row = part % cut.row_blocks * cut.rows;
      const long column = part / cut.row_blocks * cut.columns;
      if (cut.few_rows) return few_rows(pair, column);
      const void* packed = g.packed_b;
      if (cut.pack_b) {
        packed = packed_b + (shares_b(g) ? 0 : static_cast<size_t>(pair - first) * cut.packed_b);
      }
      panels(pair, row, column, packed, slot);
    });
  }

  void run() const {
    const long pairs = g.batch[0] * g.batch[1];
    if (!cut.pack_b || shares_b(g)) {
      if (cut.pack_b) pack(0, 1);
      tasks(0, pairs);
      return;
    }
    for (long first = 0; first < pairs; first += cut.group) {
      const long count = std::min(cut.group, pairs - first);
      pack(first, count);
      tasks(first, count);
    }
  }
};

template <typename T>
size_t aligned_bytes(size_t elements) {
  return (elements * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
}

template <typename T>
size_t scratch_bytes(const GemmOf<T>& gemm, int threads, const KernelTable& table) {
  const GemmOf<T> g = folded(gemm);
  const Cut cut = cut_gemm(g, threads, loops_of<T>(table));
  return aligned_bytes<T>(cut.packed_b * static_cast<size_t>(cut.group)) +
         aligned_bytes<T>(cut.packed_a * static_cast<size_t>(cut.threads));
}

template <typename T>
void run_any(const GemmOf<T>& gemm, void* scratch, int threads, const KernelTable& table) {
  GemmOf<T> g = folded(gemm);
  if (g.m <= 0 || g.n <= 0 || g.batch[0] <= 0 || g.batch[1] <= 0) return;
  static constexpr T kNothing = 0;
  if (g.k == 0) {  // nothing is read, but pointers are moved along
    g.a = g.b = &kNothing;
    g.packed_a = nullptr;
    g.packed_b = nullptr;
    g.lda = g.ldb = 0;
    g.transpose_a = g.transpose_b = false;
    for (int level = 0; level < 2; ++level) g.stride_a[level] = g.stride_b[level] = 0;
  }
  const Cut cut = cut_gemm(g, threads, loops_of<T>(table));
  T* packed_b = static_cast<T*>(scratch);
  T* packed_a =
      packed_b + aligned_bytes<T>(cut.packed_b * static_cast<size_t>(cut.group)) / sizeof(T);
  Run<T>{g, loops_of<T>(table), cut, packed_b, packed_a}.run();
}

}  // namespace

size_t gemm_scratch_bytes(const Gemm& gemm, int threads, const KernelTable& table) {
  return scratch_bytes(gemm, threads, table);
}
size_t gemm_scratch_bytes(const GemmF64& gemm, int threads, const KernelTable& table) {
  return scratch_bytes(gemm, threads, table);
}
void run_gemm(const Gemm& gemm, void* scratch, int threads, const KernelTable& table) {
  run_any(gemm, scratch, threads, table);
}
void run_gemm(const GemmF64& gemm, void* scratch, int threads, const KernelTable& table) {
  run_any(gemm, scratch, threads, table);
}

}  // namespace escuta::kernels
