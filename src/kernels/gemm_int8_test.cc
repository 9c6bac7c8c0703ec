// 8-bit products of every table, against sums in i64.
#include "kernels/gemm_int8.h"

#include <cmath>

#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

struct Case {
  explicit Case(GemmInt8 sizes, bool extreme = false) : g(sizes) {
    g.lda = g.k + 3;
    g.ldb = (g.transpose_b ? g.k : g.n) + 2;
    g.ldc = g.n + 1;
    std::mt19937 random(static_cast<unsigned>(g.m * 131 + g.n * 17 + g.k));
    const auto bytes = [&](long count) {
      std::vector<uint8_t> values(static_cast<size_t>(count));
      for (uint8_t& value : values) value = static_cast<uint8_t>(random());
      return values;
    };
    a = bytes(g.m * g.lda);
    b = bytes((g.transpose_b ? g.n : g.k) * g.ldb);
    if (extreme) {
      std::fill(a.begin(), a.end(), static_cast<uint8_t>(g.a_signed ? 0x80 : 0xff));
      std::fill(b.begin(), b.end(), static_cast<uint8_t>(g.b_signed ? 0x80 : 0xff));
    }
    for (long i = 0; i < g.m; ++i) a_zero.push_back(static_cast<int32_t>(random() % 200) - 50);
    for (long i = 0; i < g.n; ++i) b_zero.push_back(static_cast<int32_t>(random() % 200) - 50);
    a_scale = random_values<float>(static_cast<size_t>(g.m), 1, 0.01, 0.1);
    b_scale = random_values<float>(static_cast<size_t>(g.n), 2, 0.01, 0.1);
    bias = random_values<float>(static_cast<size_t>(g.n), 3);
    c.assign(static_cast<size_t>(g.m * g.ldc), 77);
    g.a = a.data();
    g.b = b.data();
    g.c = c.data();
  }
  static int64_t value(const std::vector<uint8_t>& bytes, long at, bool is_signed) {
    const uint8_t byte = bytes[static_cast<size_t>(at)];
    return is_signed ? static_cast<int8_t>(byte) : byte;
  }
  int64_t expected(long row, long column) const {
    int64_t sum = 0, za = 0, zb = 0;
    if (g.a_zero != nullptr) za = g.a_zero[g.a_zero_per_row ? row : 0];
    if (g.b_zero != nullptr) zb = g.b_zero[g.b_zero_per_column ? column : 0];
    for (long p = 0; p < g.k; ++p) {
      const long at = g.transpose_b ? column * g.ldb + p : p * g.ldb + column;
      sum += (value(a, row * g.lda + p, g.a_signed) - za) * (value(b, at, g.b_signed) - zb);
    }
    return sum;
  }
  void check(const KernelTable& table) {
    Scratch scratch(gemm_int8_scratch_bytes(g, 0, table));
    run_gemm_int8(g, scratch.get(), 0, table);
    EXPECT_TRUE(scratch.intact());
    for (long row = 0; row < g.m; ++row) {
      for (long column = 0; column < g.n; ++column) {
        ASSERT_EQ(c[static_cast<size_t>(row * g.ldc + column)], expected(row, column))
            << g.m << " " << g.n << " " << g.k << ": row " << row << ", column " << column;
      }
      ASSERT_EQ(c[static_cast<size_t>(row * g.ldc + g.n)], 77);
    }
  }

  GemmInt8 g;
  std::vector<uint8_t> a, b;
  std::vector<int32_t> a_zero, b_zero, c;
  std::vector<float> a_scale, b_scale, bias;
};

class GemmInt8Test : public EachTable {};

TEST_P(GemmInt8Test, SizesSignsAndTransposes) {
  for (const long m : {1L, 5L, 13L, 40L}) {
    for (const long n : {1L, 16L, 33L, 70L}) {
      for (const long k : {0L, 1L, 3L, 4L, 30L, 129L}) {
        for (int flags = 0; flags < 8; ++flags) {
          Case test({.m = m,
                     .n = n,
                     .k = k,
                     .a_signed = (flags & 1) != 0,
                     .transpose_b = (flags & 4) != 0,
                     .b_signed = (flags & 2) != 0});
          test.check(table());
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(GemmInt8Test, ZeroPoints) {
  for (int flags = 0; flags < 16; ++flags) {
    Case test(
        {.m = 14, .n = 37, .k = 65, .a_signed = (flags & 4) != 0, .b_signed = (flags & 8) != 0});
    test.g.a_zero = test.a_zero.data();
    test.g.a_zero_per_row = (flags & 1) != 0;
    test.g.b_zero = test.b_zero.data();
    test.g.b_zero_per_column = (flags & 2) != 0;
    test.check(table());
  }
}

TEST_P(GemmInt8Test, ExtremesDoNotSaturate) {
  for (int flags = 0; flags < 4; ++flags) {
    Case test(
        {.m = 3, .n = 20, .k = 20000, .a_signed = (flags & 1) != 0, .b_signed = (flags & 2) != 0},
        true);
    test.check(table());
  }
}

TEST_P(GemmInt8Test, PackedB) {
  for (int flags = 0; flags < 4; ++flags) {
    Case test(
        {.m = 30, .n = 50, .k = 70, .transpose_b = (flags & 1) != 0, .b_signed = (flags & 2) != 0});
    Scratch packed(packed_b_int8_bytes(test.g.k, test.g.n, table()));
    pack_b_int8(test.g.b, test.g.ldb, test.g.transpose_b, test.g.b_signed, test.g.k, test.g.n,
                packed.get(), table());
    EXPECT_TRUE(packed.intact());
    test.g.packed_b = packed.get();
    test.g.b = nullptr;
    test.g.b_zero = test.b_zero.data();
    test.check(table());
  }
}

TEST_P(GemmInt8Test, ScaledToFloat) {
  for (const bool each : {false, true}) {
    Case test({.m = 21,
               .n = 45,
               .k = 90,
               .a_signed = true,
               .a_scale_per_row = each,
               .b_scale_per_column = each});
    test.g.a_scale = test.a_scale.data();
    test.g.b_scale = test.b_scale.data();
    test.g.b_zero = test.b_zero.data();
    test.g.bias = test.bias.data();
    test.g.activation = Activation::kRelu;
    std::vector<float> dst(test.c.size());
    test.g.c = nullptr;
    test.g.c_f32 = dst.data();
    Scratch scratch(gemm_int8_scratch_bytes(test.g, 0, table()));
    run_gemm_int8(test.g, scratch.get(), 0, table());
    EXPECT_TRUE(scratch.intact());
    for (long row = 0; row < 21; ++row) {
      for (long column = 0; column < 45; ++column) {
        const double scale =
            static_cast<double>(test.a_scale[static_cast<size_t>(each ? row : 0)]) *
            static_cast<double>(test.b_scale[static_cast<size_t>(each ? column : 0)]);
        const double exact = static_cast<double>(test.expected(row, column)) * scale +
                             static_cast<double>(test.bias[static_cast<size_t>(column)]);
        const double result =
            static_cast<double>(dst[static_cast<size_t>(row * test.g.ldc + column)]);
        ASSERT_NEAR(result, std::max(exact, 0.0), 1e-6 * std::abs(exact) + 1e-4);
      }
    }
  }
}

ESCUTA_EACH_TABLE(GemmInt8Test);

}  // namespace
}  // namespace escuta::kernels
