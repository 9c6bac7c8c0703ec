// Products with 4-bit weights of every table, against sums in f64.
#include "kernels/gemm_int4.h"

#include <cmath>

#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

class GemmInt4Test : public EachTable {
 protected:
  void check(long m, long n, long k, long block, bool with_zero) {
    const long blocks = (k + block - 1) / block, zeros = (blocks + 1) / 2;
    std::mt19937 random(static_cast<unsigned>(m + n + k + block));
    const auto bytes = [&](long count) {
      std::vector<uint8_t> values(static_cast<size_t>(count));
      for (uint8_t& value : values) value = static_cast<uint8_t>(random());
      return values;
    };
    const auto b = bytes(n * blocks * block / 2), zero = bytes(n * zeros);
    const auto a = random_values<float>(static_cast<size_t>(m * (k + 1)), 1);
    const auto scale = random_values<float>(static_cast<size_t>(n * blocks), 2, 0.01, 0.2);
    const auto bias = random_values<float>(static_cast<size_t>(n), 3);
    std::vector<float> c(static_cast<size_t>(m * (n + 2)), 99.0f);
    GemmInt4 g = {.m = m,
                  .n = n,
                  .k = k,
                  .a = a.data(),
                  .lda = k + 1,
                  .block = block,
                  .b = b.data(),
                  .scale = scale.data(),
                  .bias = bias.data(),
                  .c = c.data(),
                  .ldc = n + 2};
    if (with_zero) g.zero = zero.data();
    Scratch scratch(gemm_int4_scratch_bytes(g, 0, table()));
    run_gemm_int4(g, scratch.get(), 0, table());
    EXPECT_TRUE(scratch.intact());
    for (long row = 0; row < m; ++row) {
      for (long column = 0; column < n; ++column) {
        double sum = static_cast<double>(bias[static_cast<size_t>(column)]);
        for (long p = 0; p < k; ++p) {
          const long i = p / block;
          const int byte = b[static_cast<size_t>((column * blocks * block + p) / 2)];
          const int z = zero[static_cast<size_t>(column * zeros + i / 2)];
          const int value = (byte >> (p % 2 * 4) & 15) - (with_zero ? z >> (i % 2 * 4) & 15 : 8);
          sum += static_cast<double>(a[static_cast<size_t>(row * (k + 1) + p)]) * value *
                 static_cast<double>(scale[static_cast<size_t>(column * blocks + i)]);
        }
        ASSERT_NEAR(static_cast<double>(c[static_cast<size_t>(row * (n + 2) + column)]), sum, 2e-3)
            << m << " " << n << " " << k << " " << block;
      }
      ASSERT_EQ(c[static_cast<size_t>(row * (n + 2) + n)], 99.0f);
    }
  }
};

TEST_P(GemmInt4Test, SizesAndBlocks) {
  for (const long m : {1L, 3L, 9L}) {
    for (const long n : {1L, 17L, 40L}) {
      for (const long k : {1L, 16L, 100L, 257L}) {
        for (const long block : {16L, 32L, 64L, 128L}) {
          check(m, n, k, block, false);
          check(m, n, k, block, true);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

ESCUTA_EACH_TABLE(GemmInt4Test);

}  // namespace
}  // namespace escuta::kernels
