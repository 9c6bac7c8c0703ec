// Elementwise loops of every table, against the C library in f64.
#include "kernels/vector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr double kSmallest = 1.1754943508222875e-38;

// Error in units in the last place of the exact result; results too small to be normal numbers may
// be off by 2e-38 (in general: results below `small`, by twice that).
double ulps(float result, double exact, double small) {
  if (std::isnan(exact)) return std::isnan(result) ? 0 : 1e9;
  if (std::isnan(result)) return 1e9;
  if (std::isinf(result) || std::abs(exact) > 3.4028235677973366e38) {
    return static_cast<double>(result) == static_cast<double>(static_cast<float>(exact)) ? 0 : 1e9;
  }
  const double error = std::abs(static_cast<double>(result) - exact);
  if (std::abs(exact) < small) return error <= 2 * small ? 0 : 1e9;
  return error / std::ldexp(1.0, std::ilogb(exact) - 23);
}

// All magnitudes of f32, both signs, by steps of the bits.
std::vector<float> all_magnitudes() {
  std::vector<float> values;
  for (uint64_t bits = 0; bits < 0x100000000u; bits += 40009) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (!std::isnan(value)) values.push_back(value);
  }
  values.insert(values.end(),
                {0.0f, -0.0f, kInf, -kInf, kNaN, 1.0f, -1.0f, 88.8f, -103.9f, 88.72f});
  for (float x = -12; x < 12; x += 0.00037f) values.push_back(x);
  return values;
}

class VectorTest : public EachTable {
 protected:
  void expect_ulps(UnaryKernel* kernel, double (*exact)(double), double limit, const char* name,
                   double small = kSmallest) {
    const std::vector<float> src = all_magnitudes();
    std::vector<float> dst(src.size());
    kernel(src.data(), dst.data(), static_cast<long>(src.size()));
    double worst = 0;
    float at = 0;
    for (size_t i = 0; i < src.size(); ++i) {
      const double error = ulps(dst[i], exact(static_cast<double>(src[i])), small);
      if (error > worst) {
        worst = error;
        at = src[i];
      }
    }
    EXPECT_LE(worst, limit) << name << "(" << at << ")";
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double silu(double x) { return std::isinf(x) && x < 0 ? 0 : x * sigmoid(x); }
double gelu_erf(double x) {
  return std::isinf(x) && x < 0 ? 0 : x * 0.5 * std::erfc(-x / std::sqrt(2.0));
}
double gelu_tanh(double x) {
  const double y = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
  return std::isinf(x) && x < 0 ? 0 : x * 0.5 * (1 + std::tanh(y));
}

TEST_P(VectorTest, UnitsInTheLastPlace) {
  const VectorLoops& v = table().vector;
  expect_ulps(v.exp, std::exp, 4, "exp");
  expect_ulps(v.log, std::log, 4, "log");
  expect_ulps(v.erf, std::erf, 8, "erf");
  expect_ulps(v.tanh, std::tanh, 4, "tanh");
  expect_ulps(v.sqrt, std::sqrt, 1, "sqrt");
  expect_ulps(v.abs, std::fabs, 0, "abs");
  expect_ulps(
      v.negate, [](double x) { return -x; }, 0, "negate");
  expect_ulps(
      v.relu, [](double x) { return x < 0 ? 0 : x; }, 0, "relu");
  expect_ulps(v.sigmoid, sigmoid, 4, "sigmoid");
  expect_ulps(v.silu, silu, 4, "silu", 1e-36);
}

TEST_P(VectorTest, SinesAbsolutely) {
  std::vector<float> src = all_magnitudes();
  for (int i = -2000; i <= 2000; ++i) {
    src.push_back(static_cast<float>(i * M_PI / 2));
    src.push_back(static_cast<float>(i) * 499.7f);
  }
  std::vector<float> sin(src.size()), cos(src.size());
  const long n = static_cast<long>(src.size());
  table().vector.sin(src.data(), sin.data(), n);
  table().vector.cos(src.data(), cos.data(), n);
  for (size_t i = 0; i < src.size(); ++i) {
    if (!std::isfinite(src[i])) {
      ASSERT_TRUE(std::isnan(sin[i]) && std::isnan(cos[i])) << src[i];
      continue;
    }
    const double x = static_cast<double>(src[i]);
    ASSERT_NEAR(static_cast<double>(sin[i]), std::sin(x), 2e-7) << x;
    ASSERT_NEAR(static_cast<double>(cos[i]), std::cos(x), 2e-7) << x;
  }
}

TEST_P(VectorTest, GelusAbsolutely) {
  const std::vector<float> src = all_magnitudes();
  std::vector<float> by_erf(src.size()), by_tanh(src.size());
  const long n = static_cast<long>(src.size());
  table().vector.gelu_erf(src.data(), by_erf.data(), n);
  table().vector.gelu_tanh(src.data(), by_tanh.data(), n);
  for (size_t i = 0; i < src.size(); ++i) {
    if (std::isnan(src[i]) || std::isinf(src[i])) {
      ASSERT_EQ(std::isnan(by_erf[i]), std::isnan(src[i]));
      ASSERT_EQ(std::isnan(by_tanh[i]), std::isnan(src[i]));
      if (std::isinf(src[i])) {
        ASSERT_EQ(by_erf[i], std::max(src[i], 0.0f));
        ASSERT_EQ(by_tanh[i], std::max(src[i], 0.0f));
      }
      continue;
    }
    const double x = static_cast<double>(src[i]), limit = 1e-6 * std::max(1.0, std::abs(x));
    ASSERT_NEAR(static_cast<double>(by_erf[i]), gelu_erf(x), limit) << x;
    ASSERT_NEAR(static_cast<double>(by_tanh[i]), gelu_tanh(x), limit) << x;
  }
}

TEST_P(VectorTest, TailsStopAtTheEnd) {
  const auto a = random_values<float>(70, 1), b = random_values<float>(70, 2);
  for (size_t n = 0; n < 68; ++n) {
    std::vector<float> dst(n + 1, 7.0f), sum(n + 1, 7.0f);
    table().vector.abs(a.data(), dst.data(), static_cast<long>(n));
    table().vector.binary(BinaryOp::kAdd, a.data(), 1, b.data(), 1, sum.data(),
                          static_cast<long>(n));
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(dst[i], std::abs(a[i]));
      ASSERT_EQ(sum[i], a[i] + b[i]);
    }
    ASSERT_EQ(dst[n], 7.0f);
    ASSERT_EQ(sum[n], 7.0f);
  }
}

TEST_P(VectorTest, BinaryAndSteps) {
  auto a = random_values<float>(37, 1), b = random_values<float>(37, 2);
  a[3] = b[5] = a[36] = kNaN;
  const auto expected = [](BinaryOp op, float x, float y) {
    switch (op) {
      case BinaryOp::kAdd:
        return x + y;
      case BinaryOp::kSub:
        return x - y;
      case BinaryOp::kMul:
        return x * y;
      case BinaryOp::kDiv:
        return x / y;
      case BinaryOp::kMin:
        return std::isnan(x) || std::isnan(y) ? kNaN : std::min(x, y);
      case BinaryOp::kMax:
        return std::isnan(x) || std::isnan(y) ? kNaN : std::max(x, y);
    }
    return kNaN;
  };
  using enum BinaryOp;
  for (const BinaryOp op : {kAdd, kSub, kMul, kDiv, kMin, kMax}) {
    for (int steps = 0; steps < 4; ++steps) {
      const int a_step = steps & 1, b_step = steps >> 1;
      std::vector<float> dst(37);
      table().vector.binary(op, a.data(), a_step, b.data(), b_step, dst.data(), 37);
      for (size_t i = 0; i < 37; ++i) {
        const float e = expected(op, a_step != 0 ? a[i] : a[0], b_step != 0 ? b[i] : b[0]);
        ASSERT_TRUE(dst[i] == e || (std::isnan(dst[i]) && std::isnan(e))) << i << " " << steps;
      }
    }
  }
}

TEST_P(VectorTest, AffineClipAndBias) {
  auto src = random_values<float>(53, 3, -3, 3);
  const auto bias = random_values<float>(53, 4);
  src[7] = kNaN;
  std::vector<float> affine(53), clipped(53), plain(53), biased(53);
  const VectorLoops& v = table().vector;
  v.affine(src.data(), 1.5f, -0.25f, affine.data(), 53);
  v.clip(src.data(), -1, 2, clipped.data(), 53);
  v.bias_activation(src.data(), nullptr, Activation::kRelu, plain.data(), 53);
  v.bias_activation(src.data(), bias.data(), Activation::kNone, biased.data(), 53);
  EXPECT_TRUE(std::isnan(affine[7]) && std::isnan(clipped[7]) && std::isnan(plain[7]));
  for (size_t i = 0; i < 53; ++i) {
    if (i == 7) continue;
    ASSERT_NEAR(affine[i], src[i] * 1.5f - 0.25f, 1e-6f);
    ASSERT_EQ(clipped[i], std::clamp(src[i], -1.0f, 2.0f));
    ASSERT_EQ(plain[i], std::max(src[i], 0.0f));
    ASSERT_EQ(biased[i], src[i] + bias[i]);
  }
}

TEST_P(VectorTest, Reductions) {
  using enum ReduceOp;
  const auto reduce = [&](ReduceOp op, const std::vector<float>& x) {
    return table().vector.reduce(op, x.data(), static_cast<long>(x.size()));
  };
  for (const size_t n : {1, 3, 8, 15, 16, 17, 31, 64, 67, 200}) {
    auto x = random_values<float>(n, static_cast<unsigned>(n), -2, 1);
    double sum = 0, squares = 0, sizes = 0;
    for (const float value : x) {
      const double wide = static_cast<double>(value);
      sum += wide;
      squares += wide * wide;
      sizes += std::abs(wide);
    }
    ASSERT_NEAR(static_cast<double>(reduce(kSum, x)), sum, 1e-5);
    ASSERT_NEAR(static_cast<double>(reduce(kSumOfSquares, x)), squares, 1e-4);
    ASSERT_NEAR(static_cast<double>(reduce(kSumOfAbs, x)), sizes, 1e-4);
    ASSERT_EQ(reduce(kMin, x), *std::min_element(x.begin(), x.end()));
    ASSERT_EQ(reduce(kMax, x), *std::max_element(x.begin(), x.end()));
    float most = 0;
    for (const float value : x) most = std::max(most, std::abs(value));
    ASSERT_EQ(reduce(kMaxOfAbs, x), most);
    for (const size_t at : {size_t{0}, n / 2, n - 1}) {
      auto y = x;
      y[at] = kNaN;
      for (const ReduceOp op : {kSum, kSumOfSquares, kSumOfAbs, kMin, kMax, kMaxOfAbs}) {
        ASSERT_TRUE(std::isnan(reduce(op, y))) << n << " " << at << " " << static_cast<int>(op);
      }
    }
  }
  EXPECT_EQ(reduce(kSum, {}), 0);
  EXPECT_EQ(reduce(kMaxOfAbs, {}), 0);
  EXPECT_EQ(reduce(kMin, {}), kInf);
  EXPECT_EQ(reduce(kMax, {}), -kInf);
}

// The value of an IEEE binary16.
double value_of_f16(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST_P(VectorTest, EveryF16) {
  std::vector<uint16_t> half(65536), back(65536);
  for (size_t i = 0; i < half.size(); ++i) half[i] = static_cast<uint16_t>(i);
  std::vector<float> wide(65536);
  table().vector.from_f16(half.data(), wide.data(), 65536);
  table().vector.to_f16(wide.data(), back.data(), 65536);
  for (size_t i = 0; i < half.size(); ++i) {
    const double exact = value_of_f16(half[i]);
    if (std::isnan(exact)) {
      ASSERT_TRUE(std::isnan(wide[i]));
      ASSERT_TRUE(std::isnan(value_of_f16(back[i])));
      continue;
    }
    ASSERT_EQ(static_cast<double>(wide[i]), exact) << i;
    ASSERT_EQ(std::signbit(wide[i]), std::signbit(exact));
    ASSERT_EQ(back[i], half[i]);
  }
}

// Halfway cases, and beside them, between each two neighbours of binary16 and of bf16.
TEST_P(VectorTest, HalvesRoundToNearestEven) {
  std::vector<float> src;
  std::vector<uint16_t> expected_f16;
  for (uint16_t h = 0; h < 0x7c00; ++h) {
    const double low = value_of_f16(h);
    const double high = h == 0x7bff ? 65536 : value_of_f16(static_cast<uint16_t>(h + 1));
    const float middle = static_cast<float>((low + high) / 2);
    src.insert(src.end(), {std::nextafter(middle, 0.0f), middle, std::nextafter(middle, 1e9f)});
    const auto up = static_cast<uint16_t>(h + 1);
    expected_f16.insert(expected_f16.end(), {h, h % 2 == 0 ? h : up, up});
  }
  src.insert(src.end(), {1e30f, kInf});
  expected_f16.insert(expected_f16.end(), {0x7c00, 0x7c00});
  std::vector<uint16_t> half(src.size());
  table().vector.to_f16(src.data(), half.data(), static_cast<long>(src.size()));
  for (size_t i = 0; i < src.size(); ++i) ASSERT_EQ(half[i], expected_f16[i]) << src[i];

  const std::vector<uint32_t> bits = {0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0xbf818000,
                                      0x7f7fffff, 0x7f800000, 0x7f800001, 0x00018000, 0x80000000};
  const std::vector<uint16_t> expected = {0x3f80, 0x3f82, 0x3f81, 0x3f80, 0xbf82,
                                          0x7f80, 0x7f80, 0x7fc0, 0x0002, 0x8000};
  std::vector<float> wide(bits.size()), again(bits.size());
  std::memcpy(wide.data(), bits.data(), bits.size() * 4);
  std::vector<uint16_t> brain(bits.size());
  table().vector.to_bf16(wide.data(), brain.data(), static_cast<long>(bits.size()));
  EXPECT_EQ(brain, expected);
  table().vector.from_bf16(brain.data(), again.data(), static_cast<long>(bits.size()));
  for (size_t i = 0; i < bits.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint32_t>(again[i]), uint32_t{expected[i]} << 16);
  }
}

TEST_P(VectorTest, HalvesInRange) {
  std::vector<float> src = random_values<float>(70, 6, -7e4f, 7e4f);
  src.insert(src.end(), {0.0f, -0.0f, 1e-7f, 65504, 65519, 65520, -65520, 1e30f, kInf, -kInf});
  const long n = static_cast<long>(src.size());
  std::vector<uint16_t> found(src.size()), plain(src.size());
  table().vector.to_f16_in_range(src.data(), found.data(), n);
  table().vector.to_f16(src.data(), plain.data(), n);
  for (size_t i = 0; i < src.size(); ++i) {
    const bool fits = (plain[i] & 0x7fff) != 0x7c00;
    ASSERT_EQ(found[i], fits ? plain[i] : plain[i] - 1) << src[i];
  }
  table().vector.to_f16_in_range(&kNaN, found.data(), 1);
  EXPECT_TRUE(std::isnan(value_of_f16(found[0])));
}

TEST_P(VectorTest, Quantize) {
  std::vector<float> src = random_values<float>(41, 5, -40, 40);
  src.insert(src.end(), {0.15f, 0.45f, 0.75f, -0.15f, 1e30f, -1e30f, kInf, -kInf, kNaN});
  std::vector<uint8_t> u8(src.size()), s8(src.size());
  const long n = static_cast<long>(src.size());
  table().vector.quantize(src.data(), 0.3f, 100, 0, 255, u8.data(), n);
  table().vector.quantize(src.data(), 0.3f, -3, -128, 127, s8.data(), n);
  for (size_t i = 0; i < src.size(); ++i) {
    const double rounded =
        std::isnan(src[i]) ? -1e9 : static_cast<double>(std::nearbyint(src[i] / 0.3f));
    ASSERT_EQ(u8[i], static_cast<uint8_t>(std::clamp(rounded + 100, 0.0, 255.0))) << src[i];
    ASSERT_EQ(static_cast<int8_t>(s8[i]),
              static_cast<int8_t>(std::clamp(rounded - 3, -128.0, 127.0)))
        << src[i];
  }
}

TEST_P(VectorTest, Dequantize) {
  std::vector<uint8_t> src(67);
  for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<uint8_t>(i * 37);
  std::vector<float> dst(src.size() + 1, 7.0f);
  for (const bool is_signed : {false, true}) {
    table().vector.dequantize(src.data(), is_signed, -3, 0.7f, dst.data(), 67);
    for (size_t i = 0; i < src.size(); ++i) {
      const int value = is_signed ? static_cast<int8_t>(src[i]) : src[i];
      ASSERT_EQ(dst[i], static_cast<float>(value + 3) * 0.7f) << i;
    }
    EXPECT_EQ(dst.back(), 7.0f);
  }
}

TEST_P(VectorTest, Transpose) {
  for (const size_t rows : {1, 5, 16, 33}) {
    for (const size_t cols : {1, 7, 16, 50}) {
      const auto src = random_values<float>(rows * (cols + 2), 1);
      std::vector<float> dst(cols * (rows + 3), 9.0f);
      table().vector.transpose(src.data(), static_cast<long>(cols + 2), static_cast<long>(rows),
                               static_cast<long>(cols), dst.data(), static_cast<long>(rows + 3));
      for (size_t c = 0; c < cols; ++c) {
        for (size_t r = 0; r < rows + 3; ++r) {
          ASSERT_EQ(dst[c * (rows + 3) + r], r < rows ? src[r * (cols + 2) + c] : 9.0f);
        }
      }
    }
  }
}

ESCUTA_EACH_TABLE(VectorTest);

}  // namespace
}  // namespace escuta::kernels
