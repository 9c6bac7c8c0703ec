// DFT and STFT against sums in double, for lengths that are powers, products, primes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using Complex = std::complex<double>;

std::vector<Complex> signal_of(int64_t n) {
  std::vector<Complex> signal;
  for (int64_t t = 0; t < n; ++t) {
    const auto x = static_cast<double>(t + 1);
    signal.emplace_back(std::sin(x * x), std::cos(3 * x));
  }
  return signal;
}

std::vector<Complex> transformed(const std::vector<Complex>& signal, double sign) {
  const auto n = static_cast<int64_t>(signal.size());
  std::vector<Complex> result;
  for (int64_t k = 0; k < n; ++k) {
    Complex sum = 0;
    for (int64_t t = 0; t < n; ++t) {
      const double turn = static_cast<double>(k * t % n) / static_cast<double>(n);
      sum += signal[static_cast<size_t>(t)] * std::polar(1.0, sign * 2 * std::numbers::pi * turn);
    }
    result.push_back(sum);
  }
  return result;
}

Datum pairs(const std::vector<Complex>& values) {
  std::vector<double> parts;
  for (const Complex& value : values) parts.insert(parts.end(), {value.real(), value.imag()});
  return tensor<double>({1, static_cast<int64_t>(values.size()), 2}, parts);
}

TEST(Dft, IsTheSumForEveryLength) {
  std::vector<int64_t> lengths = {96, 97, 101, 128, 360, 400, 512, 1009, 1024};
  for (int64_t n = 1; n <= 70; ++n) lengths.push_back(n);
  for (const int64_t n : lengths) {
    const std::vector<Complex> signal = signal_of(n);
    TestNode forward("", "DFT", 17, 1), inverse("", "DFT", 17, 1);
    inverse.set("inverse", 1);
    const auto spectrum = forward.run({pairs(signal)});
    ASSERT_TRUE(spectrum.ok()) << spectrum.status().to_string();
    const std::vector<Complex> expected = transformed(signal, -1);
    const double bound = 1e-12 * static_cast<double>(n);
    EXPECT_THAT(elements<double>(spectrum->front()),
                testing::Pointwise(testing::DoubleNear(bound), elements<double>(pairs(expected))))
        << n;
    EXPECT_THAT(elements<double>(inverse.run({spectrum->front()})->front()),
                testing::Pointwise(testing::DoubleNear(bound), elements<double>(pairs(signal))))
        << n;
  }
}

TEST(Dft, RefusesLengthsAndAxesThatMakeNoSense) {
  const Datum x = tensor<float>({1, 4, 1}, {1, 2, 3, 4});
  const auto code = [&](int64_t length, int64_t axis) {
    const TestNode node("", "DFT", 20, 3);
    return node.run({x, tensor<int64_t>({}, {length}), tensor<int64_t>({}, {axis})})
        .status()
        .code();
  };
  EXPECT_EQ(code(5, 1), StatusCode::kOk);
  EXPECT_EQ(code(5, -2), StatusCode::kOk);
  for (const int64_t axis : {INT64_MIN, int64_t{-4}, int64_t{-1}, int64_t{2}, INT64_MAX}) {
    EXPECT_EQ(code(5, axis), StatusCode::kInvalidArgument) << axis;
  }
  for (const int64_t length : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    EXPECT_EQ(code(length, 1), StatusCode::kInvalidArgument) << length;
  }
  EXPECT_EQ(code(int64_t{1} << 38, 1), StatusCode::kResourceExhausted);
}

TEST(Stft, TransformsWindowedFrames) {
  const std::vector<Complex> signal = signal_of(11);
  std::vector<double> reals;
  for (const Complex& value : signal) reals.push_back(value.real());
  const std::vector<double> window = {0.5, 1, 2, 1, 0.25};
  const auto found = TestNode("", "STFT", 17, 3)
                         .run({tensor<double>({1, 11, 1}, reals), tensor<int64_t>({}, {3}),
                               tensor<double>({5}, window)});
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  std::vector<Complex> expected;
  for (size_t frame = 0; frame < 3; ++frame) {
    std::vector<Complex> cut;
    for (size_t t = 0; t < 5; ++t) cut.emplace_back(reals[3 * frame + t] * window[t]);
    const auto spectrum = transformed(cut, -1);
    expected.insert(expected.end(), spectrum.begin(), spectrum.begin() + 3);
  }
  EXPECT_EQ(found->front().shape().to_string(), "[1, 3, 3, 2]");
  EXPECT_THAT(elements<double>(found->front()),
              testing::Pointwise(testing::DoubleNear(1e-12), elements<double>(pairs(expected))));
}

TEST(Stft, BinsOfRealSignalsThatAreRealHaveNoRoundingInThem) {
  const int64_t frame = 20;
  std::vector<float> samples(200);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = std::sin(0.37f * static_cast<float>(i));
  const auto found = TestNode("", "STFT", 17, 4)
                         .run({tensor({1, 200, 1}, samples), tensor({}, std::vector<int64_t>{7}),
                               Datum(), tensor({}, std::vector<int64_t>{frame})})
                         .value();
  const auto bins = found[0].as<float>();
  const size_t row = static_cast<size_t>(frame / 2 + 1) * 2;
  for (size_t at = 0; at < bins.size(); at += row) {
    EXPECT_EQ(bins[at + 1], 0.0f);
    EXPECT_FALSE(std::signbit(bins[at + 1]));
    EXPECT_EQ(bins[at + row - 1], 0.0f);
    EXPECT_FALSE(std::signbit(bins[at + row - 1]));
  }
}

TEST(Stft, RefusesFramesThatDoNotFit) {
  const Datum x = tensor<float>({1, 4, 1}, {1, 2, 3, 4});
  const auto code = [&](int64_t step, int64_t length) {
    return TestNode("", "STFT", 17, 4)
        .run({x, tensor<int64_t>({}, {step}), {}, tensor<int64_t>({}, {length})})
        .status()
        .code();
  };
  EXPECT_EQ(code(1, 4), StatusCode::kOk);
  for (const int64_t bad : {INT64_MIN, int64_t{-1}, int64_t{0}}) {
    EXPECT_EQ(code(bad, 4), StatusCode::kInvalidArgument);
    EXPECT_EQ(code(1, bad), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(code(1, 5), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(INT64_MAX, 4), StatusCode::kOk);
}

TEST(MelWeightMatrix, RefusesBandsBeyondTheSpectrum) {
  const auto code = [](int64_t bands, int64_t length, int64_t rate, float low, float high) {
    return TestNode("", "MelWeightMatrix", 17, 5)
        .run({tensor<int64_t>({}, {bands}), tensor<int64_t>({}, {length}),
              tensor<int64_t>({}, {rate}), tensor<float>({}, {low}), tensor<float>({}, {high})})
        .status()
        .code();
  };
  EXPECT_EQ(code(8, 16, 8000, 0, 4000), StatusCode::kOk);
  EXPECT_EQ(code(0, 16, 8000, 0, 4000), StatusCode::kOk);
  EXPECT_EQ(code(8, 16, 8000, 0, 9000), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, 16, 8000, -900, 4000), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, 16, 8000, std::nanf(""), 4000), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, 16, 0, 0, 4000), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(-1, 16, 8000, 0, 4000), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escuta::ops
