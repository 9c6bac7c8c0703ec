// Softmax and normalisations of every table, against loops in f64.
#include "kernels/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr long kRows = 3;

class RowsTest : public EachTable {};

TEST_P(RowsTest, Softmax) {
  for (const long n : {1L, 2L, 15L, 16L, 17L, 33L, 100L, 1500L}) {
    for (const bool log : {false, true}) {
      for (const long mask_stride : {-1L, 0L, n + 1}) {
        const auto src = random_values<float>(static_cast<size_t>(kRows * (n + 2)), 1, -30, 30);
        auto mask = random_values<float>(static_cast<size_t>(kRows * (n + 1)), 2);
        mask[0] = n > 1 ? -kInf : 0.0f;
        std::vector<float> dst(static_cast<size_t>(kRows * (n + 3)), 9.0f);
        SoftmaxRows plan = {.rows = kRows,
                            .cols = n,
                            .src = src.data(),
                            .src_stride = n + 2,
                            .scale = 0.5f,
                            .log = log,
                            .dst = dst.data(),
                            .dst_stride = n + 3};
        if (mask_stride >= 0) {
          plan.mask = mask.data();
          plan.mask_stride = mask_stride;
        }
        table().softmax_rows(plan);
        for (long r = 0; r < kRows; ++r) {
          std::vector<double> x;
          for (long i = 0; i < n; ++i) {
            x.push_back(src[static_cast<size_t>(r * (n + 2) + i)] * 0.5);
            if (mask_stride >= 0) x.back() += mask[static_cast<size_t>(r * mask_stride + i)];
          }
          const double top = *std::max_element(x.begin(), x.end());
          double sum = 0;
          for (const double value : x) sum += std::exp(value - top);
          for (long i = 0; i < n; ++i) {
            const double shifted = x[static_cast<size_t>(i)] - top;
            const double result = static_cast<double>(dst[static_cast<size_t>(r * (n + 3) + i)]);
            if (log && std::isinf(shifted)) {
              ASSERT_EQ(result, shifted);
            } else if (log) {
              ASSERT_NEAR(result, shifted - std::log(sum), 1e-5);
            } else {
              const double exact = std::exp(shifted) / sum;
              ASSERT_NEAR(result, exact, exact * (1e-6 - 4e-7 * std::max(shifted, -1e3)) + 1e-37);
            }
          }
          for (long i = n; i < n + 3; ++i) {
            ASSERT_EQ(dst[static_cast<size_t>(r * (n + 3) + i)], 9.0f);
          }
        }
      }
    }
  }
}

TEST_P(RowsTest, SoftmaxInPlaceAndSpecials) {
  std::vector<float> rows = {-kInf, -kInf, -kInf, 1.0f, NAN, 2.0f, 500.0f, -500.0f, 500.0f};
  table().softmax_rows({.rows = 3,
                        .cols = 3,
                        .src = rows.data(),
                        .src_stride = 3,
                        .dst = rows.data(),
                        .dst_stride = 3});
  for (size_t i = 0; i < 6; ++i) EXPECT_TRUE(std::isnan(rows[i])) << i;
  EXPECT_EQ(std::vector<float>(rows.begin() + 6, rows.end()), std::vector<float>({0.5f, 0, 0.5f}));
}

struct NormCase {
  bool rms, skip, affine, outputs;
};

TEST_P(RowsTest, Norms) {
  for (const long n : {1L, 7L, 16L, 31L, 384L, 1000L}) {
    for (const NormCase c : {NormCase{false, false, true, false},
                             {false, true, true, true},
                             {true, true, false, true},
                             {true, false, true, false}}) {
      const auto size = static_cast<size_t>(kRows * n);
      const auto src = random_values<float>(size, 1, 50, 52), skip = random_values<float>(size, 2);
      const auto skip_bias = random_values<float>(static_cast<size_t>(n), 3);
      const auto gain = random_values<float>(static_cast<size_t>(n), 4);
      const auto bias = random_values<float>(static_cast<size_t>(n), 5);
      std::vector<float> dst(size), sum(size), mean(kRows), inverse(kRows);
      NormRows plan = {.rows = kRows,
                       .cols = n,
                       .src = src.data(),
                       .src_stride = n,
                       .epsilon = 1e-3f,
                       .rms = c.rms,
                       .dst = dst.data(),
                       .dst_stride = n};
      if (c.skip) {
        plan.skip = skip.data();
        plan.skip_stride = n;
        plan.skip_bias = skip_bias.data();
      }
      if (c.affine) {
        plan.gain = gain.data();
        plan.bias = bias.data();
      }
      if (c.outputs) {
        plan.sum = sum.data();
        plan.sum_stride = n;
        plan.mean = mean.data();
        plan.inverse_std = inverse.data();
      }
      table().norm_rows(plan);
      for (size_t r = 0; r < kRows; ++r) {
        const auto cols = static_cast<size_t>(n);
        std::vector<double> x(cols);
        double total = 0, squares = 0;
        for (size_t i = 0; i < cols; ++i) {
          x[i] = static_cast<double>(src[r * cols + i]);
          if (c.skip) x[i] += static_cast<double>(skip[r * cols + i] + skip_bias[i]);
          total += x[i];
        }
        const double m = c.rms ? 0 : total / static_cast<double>(n);
        for (const double value : x) squares += (value - m) * (value - m);
        const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-3);
        for (size_t i = 0; i < cols; ++i) {
          double y = (x[i] - m) * factor;
          if (c.affine) y = y * static_cast<double>(gain[i]) + static_cast<double>(bias[i]);
          ASSERT_NEAR(static_cast<double>(dst[r * cols + i]), y, 4e-5) << n << " " << i;
          if (c.outputs) {
            ASSERT_NEAR(static_cast<double>(sum[r * cols + i]), x[i], 1e-5);
          }
        }
        if (c.outputs) {
          ASSERT_NEAR(static_cast<double>(mean[r]), m, 1e-5);
          ASSERT_NEAR(static_cast<double>(inverse[r]) / factor, 1, 1e-4);
        }
      }
    }
  }
}

ESCUTA_EACH_TABLE(RowsTest);

}  // namespace
}  // namespace escuta::kernels
