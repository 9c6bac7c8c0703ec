#include "kernels/attention.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "kernels/gemm.h"

namespace escuta::kernels {
namespace {

constexpr long kScoreBytes = 192 << 10;  // of a stripe of scores, to stay in L2
constexpr long kPackedBytes = 16 << 20;  // of packed K and V at a time
constexpr long kPackedKeys = 8;          // panels of keys that a task packs
constexpr double kTaskFlops = 1e6;       // some 10 us

long ceil_div(long a, long b) { return (a + b - 1) / b; }
long round_up(long a, long b) { return ceil_div(a, b) * b; }

// How attention is cut into tasks: a stripe of queries of one head each.
struct Cut {
  bool packed = false;  // K and V into panels; few queries read them as they are
  long stripe = 0, stripes = 0;
  long score_stride = 0;
  long k_stride = 0, v_stride = 0;  // floats from a panel to the next
  long k_size = 0, v_size = 0;      // floats of one head's panels
  long group = 0;                   // (item, kv head) pairs packed at a time
  int threads = 1;
  size_t slot_floats = 0;  // for one thread
};

Cut cut_attention(const Attention& a, int threads, const GemmLoops<float>& loops) {
  Cut cut;
  const double flops = 2.0 * static_cast<double>(a.batch * a.heads * a.queries) *
                       static_cast<double>(a.keys) *
                       static_cast<double>(a.head_size + a.value_size);
  const long affordable = static_cast<long>(std::min(flops / kTaskFlops, 1e6)) + 1;
  cut.threads = static_cast<int>(std::min<long>(thread_pool().limit(threads), affordable));
  cut.packed = a.queries > kSkinnyRows;
  cut.score_stride = round_up(a.keys, 16);
  // Rows a multiple of 4 KiB apart would share one set of L1.
  if (cut.score_stride % 1024 == 0) cut.score_stride += 16;
  cut.stripe = a.queries;
  if (cut.packed) {
    const long fitting = kScoreBytes / 4 / cut.score_stride / loops.mr * loops.mr;
    cut.stripe =
        std::min(round_up(a.queries, loops.mr), std::clamp(fitting, loops.mr, 8 * loops.mr));
    cut.k_stride = round_up(a.head_size * loops.nr, 16);
    cut.v_stride = round_up(a.keys * loops.nr, 16);
    cut.k_size = ceil_div(a.keys, loops.nr) * cut.k_stride;
    cut.v_size = ceil_div(a.value_size, loops.nr) * cut.v_stride;
    const long pairs = a.batch * a.kv_heads;
    cut.group = std::clamp(kPackedBytes / 4 / std::max(cut.k_size + cut.v_size, 1L), 1L, pairs);
  }
  cut.stripes = ceil_div(a.queries, std::max(cut.stripe, 1L));
  long slot = cut.stripe * cut.score_stride + round_up(cut.stripe, 16);
  if (cut.packed && a.k_half != nullptr) {
    slot =
        std::max(slot, kPackedKeys * loops.nr * round_up(std::max(a.head_size, a.value_size), 16));
  }
  cut.slot_floats = static_cast<size_t>(slot);
  return cut;
}

struct Run {
  const Attention& a;
  const KernelTable& table;
  const Cut cut;
  float* packed;  // [group, k_size + v_size]
  float* slots;   // [threads, slot_floats]

  // Packs the K and V of pairs first .. first + count - 1, some panels' worth of keys a task.
  void pack(long first, long count) const {
    const GemmLoops<float>& loops = table.gemm_f32;
    const long chunk = kPackedKeys * loops.nr, chunks = ceil_div(a.keys, chunk);
    thread_pool().parallel_for(count * chunks, cut.threads, [&](long task, int slot) {
      const long pair = first + task / chunks, key = task % chunks * chunk;
      const long item = pair / a.kv_heads, head = pair % a.kv_heads;
      const long keys = std::min(chunk, a.keys - key);
      float* k = packed + task / chunks * (cut.k_size + cut.v_size);
      float* wide = slots + static_cast<size_t>(slot) * cut.slot_floats;
      const Rows k_src = rows_of(a.k, a.k_half, a.k_rows, item, head, key, keys, a.head_size, wide);
      loops.pack_panels(k_src.data, k_src.stride, true, a.head_size, keys,
                        k + key / loops.nr * cut.k_stride, cut.k_stride);
      const Rows v_src =
          rows_of(a.v, a.v_half, a.v_rows, item, head, key, keys, a.value_size, wide);
      loops.pack_panels(v_src.data, v_src.stride, false, keys, a.value_size,
                        k + cut.k_size + key * loops.nr, cut.v_stride);
    });
  }

  // `count` rows of a head, from row `first` on, in f32: where they are, or widened into `wide`.
  struct Rows {
    const float* data;
    long stride;
  };
  Rows rows_of(const float* src, const unsigned short* half, const HeadRows& rows, long item,
               long head, long first, long count, long size, float* wide) const {
    const long at = item * rows.batch_stride + head * rows.head_stride + first * rows.row_stride;
    if (half == nullptr) return {src + at, rows.row_stride};
    for (long r = 0; r < count; ++r) {
      table.vector.from_f16(half + at + r * rows.row_stride, wide + r * size, size);
    }
    return {wide, size};
  }

  // Lets `block` read a head's rows as they are.
  static void read_in_place(const float* src, const unsigned short* half, const HeadRows& rows,
                            long item, long head, GemmBlock<float>& block) {
    const long at = item * rows.batch_stride + head * rows.head_stride;
    block.b_stride = rows.row_stride;
    if (half == nullptr) {
      block.b = src + at;
    } else {
      block.b = reinterpret_cast<const float*>(half + at);
      block.b_type = PanelType::kFloat16;
    }
  }

  // One stripe of queries of one head; `panels` are of its K and V, or null.
  void stripe(long item, long head, long query, const float* panels, float* scratch) const {
    const GemmLoops<float>& loops = table.gemm_f32;
    const long rows = std::min(cut.stripe, a.queries - query);
    const long first_limit = a.causal ? a.causal_offset + query + 1 : a.keys;
    const long seen =
        a.causal ? std::clamp(first_limit + rows - 1, 0L, a.keys) : a.keys;  // by the last row
    const long kv_head = head / (a.heads / a.kv_heads);
    float* inverse = scratch + cut.stripe * cut.score_stride;
    float* dst = a.dst + item * a.dst_rows.batch_stride + head * a.dst_rows.head_stride +
                 query * a.dst_rows.row_stride;

    GemmBlock<float> scores;
    scores.m = rows;
    scores.n = seen;
    scores.k = a.head_size;
    scores.a = a.q + item * a.q_rows.batch_stride + head * a.q_rows.head_stride +
               query * a.q_rows.row_stride;
    scores.a_stride = a.q_rows.row_stride;
    scores.c = scratch;
    scores.c_stride = cut.score_stride;
    scores.alpha = a.scale;

    GemmBlock<float> sums;
    sums.m = rows;
    sums.n = a.value_size;
    sums.k = seen;
    sums.a = scratch;
    sums.a_stride = cut.score_stride;
    sums.c = dst;
    sums.c_stride = a.dst_rows.row_stride;
    if (cut.packed) {
      scores.b = panels;
      scores.b_stride = cut.k_stride;
      sums.b = panels + cut.k_size;
      sums.b_stride = cut.v_stride;
    } else {
      read_in_place(a.k, a.k_half, a.k_rows, item, kv_head, scores);
      read_in_place(a.v, a.v_half, a.v_rows, item, kv_head, sums);
    }
    (cut.packed ? loops.rows_by_panels : loops.few_rows_by_columns)(scores);
    AttentionRows weights = {.rows = rows, .cols = seen, .scores = scratch};
    weights.stride = cut.score_stride;
    weights.first_limit = first_limit;
    weights.limit_step = a.causal ? 1 : 0;
    weights.inverse = inverse;
    if (a.mask != nullptr) {
      weights.mask = a.mask + item * a.mask_rows.batch_stride + head * a.mask_rows.head_stride +
                     query * a.mask_rows.row_stride;
      weights.mask_stride = a.mask_rows.row_stride;
    }
    table.attention_rows(weights);
    (cut.packed ? loops.rows_by_panels : loops.few_rows_by_rows)(sums);
    for (long r = 0; r < rows; ++r) {
      float* row = dst + r * a.dst_rows.row_stride;
      table.vector.affine(row, inverse[r], 0, row, a.value_size);
    }
  }

  // The queries of the heads that read the pairs first .. first + count - 1.
  void tasks(long first, long count) const {
    const long sharing = a.heads / a.kv_heads, per_pair = sharing * cut.stripes;
    thread_pool().parallel_for(count * per_pair, cut.threads, [&](long task, int slot) {
      const long pair = first + task / per_pair, part = task % per_pair;
      const long head = pair % a.kv_heads * sharing + part / cut.stripes;
      const float* panels =
          cut.packed ? packed + task / per_pair * (cut.k_size + cut.v_size) : nullptr;
      stripe(pair / a.kv_heads, head, part % cut.stripes * cut.stripe, panels,
             slots + static_cast<size_t>(slot) * cut.slot_floats);
    });
  }

  void run() const {
    const long pairs = a.batch * a.kv_heads;
    if (!cut.packed) return tasks(0, pairs);
    for (long first = 0; first < pairs; first += cut.group) {
      const long count = std::min(cut.group, pairs - first);
      pack(first, count);
      tasks(first, count);
    }
  }
};

size_t packed_floats(const Cut& cut) {
  return static_cast<size_t>(cut.group * (cut.k_size + cut.v_size));
}

}  // namespace

size_t attention_scratch_bytes(const Attention& attention, int threads, const KernelTable& table) {
  const Cut cut = cut_attention(attention, threads, table.gemm_f32);
  return (packed_floats(cut) + cut.slot_floats * static_cast<size_t>(cut.threads)) * sizeof(float);
}

void run_attention(const Attention& attention, void* scratch, int threads,
                   const KernelTable& table) {
  if (attention.batch <= 0 || attention.heads <= 0 || attention.queries <= 0) return;
  const Cut cut = cut_attention(attention, threads, table.gemm_f32);
  float* floats = static_cast<float*>(scratch);
  Run{attention, table, cut, floats, floats + packed_floats(cut)}.run();
}

}  // namespace escuta::kernels
