// Attention of every table, against the definition in f64.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Case {
  // Layout [B, T, H, D], or [B, H, T, D] where heads_first.
  Case(Attention sizes, bool heads_first) : a(sizes) {
    const auto rows = [&](long heads, long count, long size) -> HeadRows {
      if (heads_first) return {heads * count * size, count * size, size};
      return {heads * count * size, size, heads * size};
    };
    a.q_rows = rows(a.heads, a.queries, a.head_size);
    a.k_rows = rows(a.kv_heads, a.keys, a.head_size);
    a.v_rows = rows(a.kv_heads, a.keys, a.value_size);
    a.dst_rows = rows(a.heads, a.queries, a.value_size);
    const auto size = [&](long heads, long count, long width) {
      return static_cast<size_t>(a.batch * heads * count * width);
    };
    q = random_values<float>(size(a.heads, a.queries, a.head_size), 1, -2, 2);
    k = random_values<float>(size(a.kv_heads, a.keys, a.head_size), 2, -2, 2);
    v = random_values<float>(size(a.kv_heads, a.keys, a.value_size), 3, -2, 2);
    dst.assign(size(a.heads, a.queries, a.value_size), 99.0f);
    a.q = q.data();
    a.k = k.data();
    a.v = v.data();
    a.dst = dst.data();
    a.scale = 0.3f;
  }
  void with_mask() {
    mask = random_values<float>(static_cast<size_t>(a.batch * a.queries * a.keys), 4, -3, 3);
    for (size_t i = 0; i < mask.size(); i += 3) mask[i] = -kInf;
    a.mask = mask.data();
    a.mask_rows = {a.queries * a.keys, 0, a.keys};
  }

  std::vector<double> expected(long item, long head, long query) const {
    const long kv = head / (a.heads / a.kv_heads);
    std::vector<double> weights;
    double top = -std::numeric_limits<double>::infinity(), sum = 0;
    for (long t = 0; t < a.keys; ++t) {
      double s = 0;
      for (long i = 0; i < a.head_size; ++i) {
        s += static_cast<double>(at(q, a.q_rows, item, head, query, i)) *
             static_cast<double>(at(k, a.k_rows, item, kv, t, i));
      }
      s *= static_cast<double>(a.scale);
      if (a.mask != nullptr) s += static_cast<double>(at(mask, a.mask_rows, item, head, query, t));
      if (a.causal && t > a.causal_offset + query) s = -std::numeric_limits<double>::infinity();
      weights.push_back(s);
      top = std::max(top, s);
    }
    std::vector<double> result(static_cast<size_t>(a.value_size));
    if (std::isinf(top)) return result;
    for (double& w : weights) sum += w = std::exp(w - top);
    for (long t = 0; t < a.keys; ++t) {
      for (long i = 0; i < a.value_size; ++i) {
        result[static_cast<size_t>(i)] += weights[static_cast<size_t>(t)] / sum *
                                          static_cast<double>(at(v, a.v_rows, item, kv, t, i));
      }
    }
    return result;
  }
  static float at(const std::vector<float>& data, const HeadRows& rows, long item, long head,
                  long row, long i) {
    return data[static_cast<size_t>(item * rows.batch_stride + head * rows.head_stride +
                                    row * rows.row_stride + i)];
  }

  // Keys and values rounded to float16, and those in f16.
  void with_halves(const KernelTable& table) {
    for (const auto& [wide, half] : {std::pair{&k, &k_half}, std::pair{&v, &v_half}}) {
      const long n = static_cast<long>(wide->size());
      half->resize(wide->size());
      table.vector.to_f16(wide->data(), half->data(), n);
      table.vector.from_f16(half->data(), wide->data(), n);
    }
    a.k_half = k_half.data();
    a.v_half = v_half.data();
    a.k = a.v = nullptr;
  }

  void check(const KernelTable& table) {
    Scratch scratch(attention_scratch_bytes(a, 0, table));
    run_attention(a, scratch.get(), 0, table);
    EXPECT_TRUE(scratch.intact());
    for (long item = 0; item < a.batch; ++item) {
      for (long head = 0; head < a.heads; ++head) {
        for (long query = 0; query < a.queries; ++query) {
          const std::vector<double> exact = expected(item, head, query);
          for (long i = 0; i < a.value_size; ++i) {
            ASSERT_NEAR(static_cast<double>(at(dst, a.dst_rows, item, head, query, i)),
                        exact[static_cast<size_t>(i)], 1e-5)
                << "item " << item << " head " << head << " query " << query << " of " << a.queries
                << ", " << a.keys << " keys";
          }
        }
      }
    }
  }

  Attention a;
  std::vector<float> q, k, v, dst, mask;
  std::vector<unsigned short> k_half, v_half;
};

class AttentionTest : public EachTable {};

TEST_P(AttentionTest, SizesAndLayouts) {
  for (const long queries : {1L, 3L, 8L, 9L, 50L}) {
    for (const long keys : {1L, 15L, 33L, 128L, 300L}) {
      for (const bool heads_first : {false, true}) {
        Case({.batch = 2,
              .heads = 4,
              .kv_heads = queries % 2 == 0 ? 2 : 4,
              .queries = queries,
              .keys = keys,
              .head_size = 20,
              .value_size = 36},
             heads_first)
            .check(table());
      }
    }
  }
}

// The same results, bit for bit, as from the same numbers in f32.
TEST_P(AttentionTest, HalvesGiveTheSame) {
  for (const long queries : {1L, 2L, 7L, 8L, 9L, 40L}) {
    for (const long keys : {1L, 15L, 128L, 301L}) {
      for (const long size : {1L, 20L, 64L, 75L}) {
        const Attention sizes = {.batch = 2,
                                 .heads = 4,
                                 .kv_heads = queries % 2 == 0 ? 2 : 4,
                                 .queries = queries,
                                 .keys = keys,
                                 .head_size = size,
                                 .value_size = size + 3};
        Case halves(sizes, keys % 2 == 0);
        halves.with_halves(table());
        if (keys < 100) halves.check(table());
        Case wide(sizes, keys % 2 == 0);
        wide.k = halves.k;
        wide.v = halves.v;
        wide.a.k = wide.k.data();
        wide.a.v = wide.v.data();
        Scratch scratch(attention_scratch_bytes(halves.a, 0, table()));
        run_attention(halves.a, scratch.get(), 0, table());
        EXPECT_TRUE(scratch.intact());
        Scratch wide_scratch(attention_scratch_bytes(wide.a, 0, table()));
        run_attention(wide.a, wide_scratch.get(), 0, table());
        ASSERT_EQ(halves.dst, wide.dst) << queries << " queries, " << keys << " keys of " << size;
      }
    }
  }
}

TEST_P(AttentionTest, Causal) {
  for (const long queries : {1L, 5L, 40L}) {
    for (const long past : {-2L, 0L, 17L}) {
      Case test({.heads = 2,
                 .kv_heads = 2,
                 .queries = queries,
                 .keys = queries + past + 3,
                 .head_size = 16,
                 .value_size = 16,
                 .causal = true,
                 .causal_offset = past},
                true);
      test.check(table());
    }
  }
}

TEST_P(AttentionTest, Masks) {
  for (const long queries : {2L, 40L}) {
    for (const bool causal : {false, true}) {
      Case test({.batch = 2,
                 .heads = 3,
                 .kv_heads = 3,
                 .queries = queries,
                 .keys = 50,
                 .head_size = 16,
                 .value_size = 8,
                 .causal = causal,
                 .causal_offset = 3},
                false);
      test.with_mask();
      std::fill_n(test.mask.begin(), 50, -kInf);  // the first query sees nothing
      test.check(table());
    }
  }
}

TEST_P(AttentionTest, NoKeysGiveZeros) {
  Case test({.heads = 2, .kv_heads = 2, .queries = 20, .keys = 0, .head_size = 4, .value_size = 4},
            true);
  test.check(table());
}

TEST_P(AttentionTest, ThreadsDoNotChangeTheResult) {
  const Attention sizes = {
      .heads = 4, .kv_heads = 4, .queries = 200, .keys = 300, .head_size = 64, .value_size = 64};
  Case serial(sizes, false), parallel(sizes, false);
  Scratch one(attention_scratch_bytes(serial.a, 1, table()));
  Scratch all(attention_scratch_bytes(parallel.a, 0, table()));
  run_attention(serial.a, one.get(), 1, table());
  run_attention(parallel.a, all.get(), 0, table());
  EXPECT_EQ(serial.dst, parallel.dst);
}

ESCUTA_EACH_TABLE(AttentionTest);

}  // namespace
}  // namespace escuta::kernels
