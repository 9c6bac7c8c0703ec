// Products of every table, against sums in f64 (f64 products: in long double).
#include "kernels/gemm.h"

#include <bit>
#include <cmath>

#include "base/thread_pool.h"
#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

double activated(double x, Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kGeluErf:
      return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kGeluTanh:
      return x * 0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kNone:
      break;
  }
  return x;
}

// A product with operands of its own, in rows that are longer than the matrices.
template <typename T>
struct Case {
  explicit Case(GemmOf<T> sizes, unsigned seed = 1) : g(sizes) {
    const long pairs = g.batch[0] * g.batch[1];
    g.lda = (g.transpose_a ? g.m : g.k) + 3;
    g.ldb = (g.transpose_b ? g.k : g.n) + 5;
    g.ldc = g.n + 2;
    const long size_a = (g.transpose_a ? g.k : g.m) * g.lda;
    const long size_b = (g.transpose_b ? g.n : g.k) * g.ldb, size_c = g.m * g.ldc;
    set_strides(g.stride_a, size_a);
    set_strides(g.stride_b, size_b);
    set_strides(g.stride_c, size_c);
    a = random_values<T>(static_cast<size_t>(size_a * pairs), seed);
    b = random_values<T>(static_cast<size_t>(size_b * pairs), seed + 1);
    c = random_values<T>(static_cast<size_t>(size_c * pairs), seed + 2);
    bias = random_values<T>(static_cast<size_t>(g.n), seed + 3);
    row_bias = random_values<T>(static_cast<size_t>(g.m), seed + 4);
    original = c;
    g.a = a.data();
    g.b = b.data();
    g.c = c.data();
  }
  void set_strides(long (&stride)[2], long size) const {
    stride[0] = size * g.batch[1];
    stride[1] = size;
  }
  void with_biases() {
    g.bias = bias.data();
    g.row_bias = row_bias.data();
  }

  // The greatest error over what rounding of k sums may cause; padding of C must be untouched.
  double worst(double unit) const {
    double result = 0;
    std::vector<T> expected = original;
    std::vector<double> bound(expected.size());
    for (long i = 0; i < g.batch[0]; ++i) {
      for (long j = 0; j < g.batch[1]; ++j) {
        for (long r = 0; r < g.m; ++r) {
          for (long col = 0; col < g.n; ++col) element(i, j, r, col, expected, bound);
        }
      }
    }
    for (size_t i = 0; i < c.size(); ++i) {
      const double error = std::abs(static_cast<double>(c[i]) - static_cast<double>(expected[i]));
      result = std::max(result, bound[i] == 0 ? (error == 0 ? 0 : 1e9) : error / (bound[i] * unit));
      if (std::isnan(error)) return 1e9;
    }
    return result;
  }
  void element(long i, long j, long r, long col, std::vector<T>& expected,
               std::vector<double>& bound) const {
    const T* left = a.data() + i * g.stride_a[0] + j * g.stride_a[1];
    const T* right = b.data() + i * g.stride_b[0] + j * g.stride_b[1];
    long double sum = 0, size = 1;
    for (long p = 0; p < g.k; ++p) {
      const long double product =
          static_cast<long double>(g.transpose_a ? left[p * g.lda + r] : left[r * g.lda + p]) *
          static_cast<long double>(g.transpose_b ? right[col * g.ldb + p] : right[p * g.ldb + col]);
      sum += product;
      size += std::abs(product);
    }
    const size_t at = static_cast<size_t>(i * g.stride_c[0] + j * g.stride_c[1] + r * g.ldc + col);
    long double x = sum * static_cast<long double>(g.alpha);
    if (g.beta != 0) x += static_cast<long double>(g.beta) * static_cast<long double>(original[at]);
    if (g.bias != nullptr) x += static_cast<long double>(g.bias[col]);
    if (g.row_bias != nullptr) x += static_cast<long double>(g.row_bias[r]);
    expected[at] = static_cast<T>(activated(static_cast<double>(x), g.activation));
    bound[at] = static_cast<double>(size * std::abs(static_cast<long double>(g.alpha)) + 4);
  }

  GemmOf<T> g;
  std::vector<T> a, b, c, bias, row_bias, original;
};

constexpr double kUnitF32 = 3e-7, kUnitF64 = 1e-15;

template <typename T>
void run(Case<T>& test, const KernelTable& table, int threads = 0) {
  Scratch scratch(gemm_scratch_bytes(test.g, threads, table));
  run_gemm(test.g, scratch.get(), threads, table);
  EXPECT_TRUE(scratch.intact());
}

class GemmTest : public EachTable {
 public:
  // C by a B that is packed in one form or another.
  std::vector<float> product(Case<float>& test, Scratch& packed, PanelType type) const {
    test.g.packed_b = packed.get();
    test.g.packed_type = type;
    test.c = test.original;
    run(test, table());
    return test.c;
  }
};

TEST_P(GemmTest, OddSizesAndTransposes) {
  for (const long m : {1L, 2L, 3L, 7L, 8L, 9L, 13L, 25L, 50L}) {
    for (const long n : {1L, 5L, 16L, 31L, 33L, 64L, 100L}) {
      for (const long k : {1L, 3L, 8L, 17L, 64L}) {
        for (int flags = 0; flags < 4; ++flags) {
          Case<float> test({.m = m,
                            .n = n,
                            .k = k,
                            .transpose_a = (flags & 1) != 0,
                            .transpose_b = (flags & 2) != 0});
          run(test, table());
          ASSERT_LE(test.worst(kUnitF32), 1) << m << " " << n << " " << k << " " << flags;
        }
      }
    }
  }
}

TEST_P(GemmTest, PackedOnceServesEveryRowCount) {
  for (const bool transpose : {false, true}) {
    for (const long m : {1L, 4L, 8L, 9L, 40L}) {
      Case<float> test({.m = m, .n = 77, .k = 1500, .transpose_b = transpose});
      Scratch packed(packed_b_bytes(test.g.k, test.g.n, table()));
      pack_b(test.g.b, test.g.ldb, transpose, test.g.k, test.g.n, packed.floats(), table());
      EXPECT_TRUE(packed.intact());
      test.g.packed_b = packed.floats();
      test.g.b = nullptr;
      run(test, table());
      ASSERT_LE(test.worst(kUnitF32), 1) << m;
    }
  }
}

// Weights that are numbers of 16 bits, packed in 16 bits: bit for bit the same results.
TEST_P(GemmTest, PanelsOf16BitsGiveTheSame) {
  const long m = 30, n = 77, k = 1100;
  for (const bool bfloat : {false, true}) {
    for (const bool transpose : {false, true}) {
      Case<float> wide({.m = m, .n = n, .k = k, .transpose_b = transpose});
      for (float& x : wide.b) {
        // The 8 leading bits fit both; 11 only float16. Tiny numbers: subnormal in float16.
        x = std::ldexp(std::round(std::ldexp(x, bfloat ? 7 : 10)), bfloat ? -7 : -10);
        if (bfloat) x *= 1e-30f;
        if (bfloat) x = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xffff0000u);
      }
      if (!bfloat) wide.b[7] = std::ldexp(3.0f, -24);
      const auto count = static_cast<long>(wide.b.size());
      const PanelType type = panel_type_for(wide.b.data(), count, table());
      if (table().gemm_f32.fits == nullptr) {
        EXPECT_EQ(type, PanelType::kOwn);
        continue;
      }
      ASSERT_EQ(type, bfloat ? PanelType::kBfloat16 : PanelType::kFloat16);
      Scratch panels(packed_b_bytes(k, n, table()));
      Scratch narrow(packed_b_bytes_as(type, k, n, table()));
      pack_b(wide.g.b, wide.g.ldb, transpose, k, n, panels.floats(), table());
      EXPECT_TRUE(
          pack_b_as(type, wide.g.b, wide.g.ldb, transpose, k, n, narrow.get(), nullptr, table()));
      EXPECT_TRUE(narrow.intact());
      for (const long rows : {1L, 5L, 13L, m}) {
        wide.g.m = rows;
        const std::vector<float> expected = product(wide, panels, PanelType::kOwn);
        ASSERT_EQ(product(wide, narrow, type), expected) << rows;
      }
    }
  }
}

// Numbers rounded to codes with a scale for each column and kScaledDepth rows.
std::vector<float> rounded_to_codes(const Case<float>& test, bool transpose) {
  std::vector<float> numbers = test.b;
  for (long column = 0; column < test.g.n; ++column) {
    const auto at = [&](long p) -> float& {
      const long place = transpose ? column * test.g.ldb + p : p * test.g.ldb + column;
      return numbers[static_cast<size_t>(place)];
    };
    for (long begin = 0; begin < test.g.k; begin += kScaledDepth) {
      const long end = std::min(begin + kScaledDepth, test.g.k);
      float most = 0;
      for (long p = begin; p < end; ++p) most = std::max(most, std::abs(at(p)));
      const float scale = most / 127, factor = scale > 0 ? 1 / scale : 0;
      for (long p = begin; p < end; ++p) at(p) = std::nearbyint(at(p) * factor) * scale;
    }
  }
  return numbers;
}

TEST_P(GemmTest, PanelsOf8BitsAreThoseOfTheRoundedNumbers) {
  const long m = 30, n = 77;
  for (const auto& [k, transpose] : {std::pair(1100L, false), {1100L, true}, {40L, false}}) {
    Case<float> test({.m = m, .n = n, .k = k, .transpose_b = transpose});
    for (long i = 0; i < k && !transpose; ++i) test.b[static_cast<size_t>(i * test.g.ldb)] = 0;
    const std::vector<float> rounded = rounded_to_codes(test, transpose);
    Scratch panels(packed_b_bytes(k, n, table()));
    Scratch codes(packed_b_bytes_as(PanelType::kInt8, k, n, table()));
    pack_b(rounded.data(), test.g.ldb, transpose, k, n, panels.floats(), table());
    ASSERT_TRUE(pack_b_as(PanelType::kInt8, test.g.b, test.g.ldb, transpose, k, n, codes.get(),
                          nullptr, table()));
    EXPECT_TRUE(codes.intact());
    for (const long rows : {1L, 5L, 13L, m}) {
      test.g.m = rows;
      const std::vector<float> expected = product(test, panels, PanelType::kOwn);
      ASSERT_EQ(product(test, codes, PanelType::kInt8), expected) << rows << " rows, k " << k;
    }
  }
}

TEST_P(GemmTest, NumbersThatDoNotFit16BitsStay) {
  std::vector<float> numbers(100, 1.5f);
  for (const float odd : {0.1f, 1e30f * 1.01f, std::nanf("7")}) {
    numbers[99] = odd;
    EXPECT_EQ(panel_type_for(numbers.data(), 100, table()), PanelType::kOwn) << odd;
  }
}

// The numbers that were looked at first fit; one far behind does not.
TEST_P(GemmTest, PackingProvesWhatItPacks) {
  if (table().gemm_f32.fits == nullptr) GTEST_SKIP() << "this instruction set packs no 16 bits";
  for (const bool transpose : {false, true}) {
    const long k = transpose ? 40 : 30000, n = transpose ? 30000 : 40, count = k * n;
    const long rows = transpose ? n : k, width = transpose ? k : n;
    std::vector<float> numbers(static_cast<size_t>(count), 1.5f);
    Scratch panels(packed_b_bytes(k, n, table()));
    const auto pack = [&](PanelType type) {
      long read = 0;
      const bool all = pack_b_as(
          type, numbers.data(), width, transpose, k, n, panels.get(),
          [&](long begin, long end) {
            EXPECT_EQ(begin, read);
            read = end;
          },
          table());
      if (all) {
        EXPECT_EQ(read, rows);
      }
      return all;
    };
    EXPECT_TRUE(pack(PanelType::kFloat16));
    numbers[static_cast<size_t>(count) - 2] = std::ldexp(1.5f, -100);
    EXPECT_FALSE(pack(PanelType::kFloat16));
    EXPECT_TRUE(pack(PanelType::kBfloat16));
    numbers[static_cast<size_t>(count) - 2] = 0.1f;
    EXPECT_FALSE(pack(PanelType::kBfloat16));
    EXPECT_TRUE(pack(PanelType::kOwn));
  }
}

TEST_P(GemmTest, ARowDoesNotDependOnItsNeighbours) {
  Case<float> all({.m = 30, .n = 70, .k = 1100});
  Scratch packed(packed_b_bytes(all.g.k, all.g.n, table()));
  pack_b(all.g.b, all.g.ldb, false, all.g.k, all.g.n, packed.floats(), table());
  all.g.packed_b = packed.floats();
  run(all, table());
  for (long row = 0; row < all.g.m; ++row) {
    Case<float> one({.m = 1, .n = 70, .k = 1100});
    one.g.a = all.g.a + row * all.g.lda;
    one.g.packed_b = packed.floats();
    run(one, table());
    for (long i = 0; i < 70; ++i) {
      ASSERT_EQ(one.c[static_cast<size_t>(i)], all.c[static_cast<size_t>(row * all.g.ldc + i)]);
    }
  }
}

TEST_P(GemmTest, PackedA) {
  for (const long m : {1L, 11L, 24L, 61L}) {
    for (const bool transpose : {false, true}) {
      Case<float> test({.m = m, .n = 45, .k = 1300, .transpose_a = transpose});
      Scratch packed(packed_a_bytes(m, test.g.k, table()));
      pack_a(test.g.a, test.g.lda, transpose, m, test.g.k, packed.floats(), table());
      EXPECT_TRUE(packed.intact());
      test.g.packed_a = packed.floats();
      test.g.a = nullptr;
      run(test, table());
      ASSERT_LE(test.worst(kUnitF32), 1) << m;
    }
  }
}

TEST_P(GemmTest, RowsThatClashInCache) {
  Case<float> test({.m = 40, .n = 40, .k = 1030});
  test.a = random_values<float>(40 * 2048, 9);
  test.g.a = test.a.data();
  test.g.lda = 2048;
  run(test, table());
  EXPECT_LE(test.worst(kUnitF32), 1);
}

TEST_P(GemmTest, EverythingAdded) {
  using enum Activation;
  for (const Activation activation : {kNone, kRelu, kGeluErf, kGeluTanh, kSilu, kTanh, kSigmoid}) {
    for (const long m : {3L, 20L}) {
      for (const float beta : {0.0f, 1.0f, -0.5f}) {
        Case<float> test(
            {.m = m, .n = 39, .k = 2100, .alpha = 0.05f, .beta = beta, .activation = activation});
        test.with_biases();
        run(test, table());
        ASSERT_LE(test.worst(kUnitF32), 1) << m << " " << static_cast<int>(activation);
      }
    }
  }
}

TEST_P(GemmTest, BetaZeroDoesNotReadC) {
  for (const long m : {2L, 20L}) {
    Case<float> test({.m = m, .n = 39, .k = 20});
    for (long r = 0; r < m; ++r) {
      for (long i = 0; i < 39; ++i) test.c[static_cast<size_t>(r * test.g.ldc + i)] = NAN;
    }
    run(test, table());
    EXPECT_LE(test.worst(kUnitF32), 1);
  }
}

TEST_P(GemmTest, Grids) {
  for (const long m : {1L, 6L, 30L}) {
    for (const bool transpose : {false, true}) {
      Case<float> test({.m = m, .n = 50, .k = 19, .transpose_b = transpose, .batch = {3, 2}});
      run(test, table());
      ASSERT_LE(test.worst(kUnitF32), 1) << "own B, m " << m;

      Case<float> shared({.m = m, .n = 50, .k = 19, .transpose_b = transpose, .batch = {3, 2}});
      shared.g.stride_b[0] = shared.g.stride_b[1] = 0;
      run(shared, table());
      ASSERT_LE(shared.worst(kUnitF32), 1) << "shared B, m " << m;

      Case<float> crossed({.m = m, .n = 50, .k = 19, .transpose_b = transpose, .batch = {3, 2}});
      crossed.g.stride_b[0] = 0;
      crossed.g.stride_a[1] = 0;
      run(crossed, table());
      ASSERT_LE(crossed.worst(kUnitF32), 1) << "crossed, m " << m;
    }
  }
}

TEST_P(GemmTest, ManyPackedPairsFitTheScratch) {
  Case<float> test({.m = 9, .n = 700, .k = 600, .batch = {3, 5}});  // 15 times 1.7 MB
  const size_t bytes = gemm_scratch_bytes(test.g, 0, table());
  EXPECT_LT(bytes, size_t{10} << 20);
  run(test, table());
  EXPECT_LE(test.worst(kUnitF32), 1);
}

TEST_P(GemmTest, EmptySizes) {
  Case<float> test({.m = 9, .n = 7, .k = 0, .beta = 2});
  test.with_biases();
  test.g.a = test.g.b = nullptr;
  run(test, table());
  EXPECT_LE(test.worst(kUnitF32), 1);
  Case<float> few({.m = 2, .n = 7, .k = 0});
  few.g.a = few.g.b = nullptr;
  run(few, table());
  EXPECT_LE(few.worst(kUnitF32), 1);
  for (const Gemm& none : {Gemm{.m = 0, .n = 4, .k = 4}, Gemm{.m = 4, .n = 0, .k = 4},
                           Gemm{.m = 4, .n = 4, .k = 4, .batch = {0, 1}}}) {
    run_gemm(none, nullptr, 0, table());
  }
}

TEST_P(GemmTest, ThreadsDoNotChangeTheResult) {
  for (const long m : {1L, 200L}) {
    for (const bool transpose : {false, true}) {
      const GemmOf<float> sizes = {.m = m, .n = 1000, .k = 1200, .transpose_b = transpose};
      Case<float> serial(sizes), parallel(sizes);
      run(serial, table(), 1);
      run(parallel, table(), 0);
      EXPECT_EQ(serial.c, parallel.c);
    }
  }
}

TEST_P(GemmTest, F64) {
  for (const long m : {1L, 3L, 8L, 9L, 40L}) {
    for (const long n : {1L, 7L, 33L, 70L}) {
      for (int flags = 0; flags < 4; ++flags) {
        Case<double> test({.m = m,
                           .n = n,
                           .k = 1030,
                           .transpose_a = (flags & 1) != 0,
                           .transpose_b = (flags & 2) != 0,
                           .alpha = 0.5,
                           .beta = 2,
                           .activation = (flags & 1) != 0 ? Activation::kRelu : Activation::kNone});
        test.with_biases();
        run(test, table());
        ASSERT_LE(test.worst(kUnitF64), 1) << m << " " << n << " " << flags;
      }
    }
  }
  Case<double> grid({.m = 20, .n = 10, .k = 30, .batch = {2, 3}});
  run(grid, table());
  EXPECT_LE(grid.worst(kUnitF64), 1);
}

ESCUTA_EACH_TABLE(GemmTest);

}  // namespace
}  // namespace escuta::kernels
