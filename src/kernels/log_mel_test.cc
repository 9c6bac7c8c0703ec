// The log-mel kernel of every ISA that this processor has, against a plain loop in f64.
#include "kernels/log_mel.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <numbers>
#include <random>
#include <vector>

#include "kernels/table.h"

namespace escuta::kernels {
namespace {

constexpr double kFloor = 1e-10;

// A plan for n_fft points whose FFT is built from the given radices, with its tables. The
// filters are three runs of bins of random weights, one of them empty.
struct TestPlan {
  TestPlan(const std::vector<int>& radices, int hop_length) {
    int half = 1;
    for (const int radix : radices) {
      plan.radix[plan.stage_count++] = radix;
      half *= radix;
    }
    const int n = 2 * half;
    std::mt19937 random(static_cast<unsigned>(n));
    std::uniform_real_distribution<double> uniform(0, 1);
    for (int i = 0; i < n; ++i) window.push_back(uniform(random));
    for (int k = 0; k < half; ++k) {
      twiddle.push_back(std::cos(2 * std::numbers::pi * k / half));
      twiddle.push_back(-std::sin(2 * std::numbers::pi * k / half));
    }
    for (int k = 0; k <= n / 4; ++k) {
      split.push_back(std::cos(2 * std::numbers::pi * k / n));
      split.push_back(-std::sin(2 * std::numbers::pi * k / n));
    }
    begin = {0, 0, half / 2};
    end = {half + 1, 0, half};
    for (size_t m = 0; m < begin.size(); ++m) {
      for (int bin = begin[m]; bin < end[m]; ++bin) weight.push_back(uniform(random));
    }
    plan.n_fft = n;
    plan.hop_length = hop_length;
    plan.n_mels = static_cast<int>(begin.size());
    plan.window = window.data();
    plan.twiddle = twiddle.data();
    plan.split = split.data();
    plan.mel_begin = begin.data();
    plan.mel_end = end.data();
    plan.mel_weight = weight.data();
    plan.power_floor = kFloor;
  }
  TestPlan(const TestPlan&) = delete;
  TestPlan& operator=(const TestPlan&) = delete;

  LogMelPlan plan{};
  std::vector<double> window, twiddle, split, weight;
  std::vector<int> begin, end;
};

std::vector<double> reference(const LogMelPlan& plan, const float* src, long frames) {
  std::vector<double> result;
  const int half = plan.n_fft / 2;
  for (long t = 0; t < frames; ++t) {
    std::vector<double> power(static_cast<size_t>(half) + 1);
    for (int k = 0; k <= half; ++k) {
      double re = 0, im = 0;
      for (int i = 0; i < plan.n_fft; ++i) {
        const double value = src[t * plan.hop_length + i] * plan.window[i];
        const double phase = 2 * std::numbers::pi * (1L * i * k % plan.n_fft) / plan.n_fft;
        re += value * std::cos(phase);
        im -= value * std::sin(phase);
      }
      power[static_cast<size_t>(k)] = re * re + im * im;
    }
    const double* weight = plan.mel_weight;
    for (int m = 0; m < plan.n_mels; ++m) {
      double sum = 0;
      for (int k = plan.mel_begin[m]; k < plan.mel_end[m]; ++k) {
        sum += *weight++ * power[static_cast<size_t>(k)];
      }
      result.push_back(std::log10(std::max(sum, kFloor)));
    }
  }
  return result;
}

std::vector<float> run(const KernelTable& table, const LogMelPlan& plan, const float* src,
                       long frames) {
  std::vector<double> scratch(static_cast<size_t>(log_mel_scratch(plan, table.lanes_f64)));
  std::vector<float> dst(static_cast<size_t>(frames * plan.n_mels), 1e30f);
  table.log_mel(plan, src, frames, scratch.data(), dst.data());
  return dst;
}

std::vector<float> noise(size_t count, float scale) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = normal(random);
  return samples;
}

class LogMelKernelTest : public testing::TestWithParam<const KernelTable*> {};

TEST_P(LogMelKernelTest, MatchesTheDefinition) {
  const std::vector<std::vector<int>> sizes = {{2},    {3},          {4},       {5},      {3, 3},
                                               {5, 3}, {4, 2, 5, 5}, {5, 2, 4}, {4, 4, 4}};
  for (const auto& radices : sizes) {
    for (const long frames : {1L, 2L, 7L, 8L, 9L, 33L}) {
      const TestPlan test(radices, 3);
      const auto src = noise(static_cast<size_t>(test.plan.n_fft + 3 * (frames - 1)), 0.3f);
      const auto expected = reference(test.plan, src.data(), frames);
      const auto result = run(*GetParam(), test.plan, src.data(), frames);
      for (size_t i = 0; i < result.size(); ++i) {
        ASSERT_NEAR(result[i], expected[i], 2e-6)
            << test.plan.n_fft << " points, " << frames << " frames, value " << i;
      }
    }
  }
}

TEST_P(LogMelKernelTest, QuietBinsKeepTheirDigits) {
  // A loud tone in one bin and noise 140 dB under it in the others.
  TestPlan test({4, 2, 5, 5}, 160);
  for (double& weight : test.window) weight = 1;
  test.begin[0] = test.end[0] = 0;
  auto src = noise(400, 1e-7f);
  for (size_t i = 0; i < src.size(); ++i) {
    src[i] += static_cast<float>(0x1p-3 * (i % 4 == 0 ? 1 : i % 4 == 2 ? -1 : 0));
  }
  const auto expected = reference(test.plan, src.data(), 1);
  const auto result = run(*GetParam(), test.plan, src.data(), 1);
  for (size_t i = 0; i < result.size(); ++i) EXPECT_NEAR(result[i], expected[i], 2e-6);
}

TEST_P(LogMelKernelTest, AFrameDoesNotDependOnItsNeighbours) {
  const TestPlan test({4, 2, 5, 5}, 160);
  const auto src = noise(400 + 160 * 40, 0.3f);
  const auto together = run(*GetParam(), test.plan, src.data(), 41);
  for (long t = 0; t < 41; ++t) {
    const auto alone = run(*GetParam(), test.plan, src.data() + 160 * t, 1);
    for (size_t m = 0; m < alone.size(); ++m) {
      ASSERT_EQ(alone[m], together[static_cast<size_t>(t) * alone.size() + m]) << t;
    }
  }
}

TEST_P(LogMelKernelTest, LogOfEveryMagnitude) {
  // Constant frames: all power is in bin 0, (n * x)^2 times the weight.
  TestPlan test({2}, 4);
  for (double& weight : test.window) weight = 1;
  for (float x = 1e-4f; x < 1e10f; x *= 1.37f) {
    const std::vector<float> src(4, x);
    const double sum = 16.0 * x * x * test.weight[0];
    EXPECT_NEAR(run(*GetParam(), test.plan, src.data(), 1)[0], std::log10(std::max(sum, kFloor)),
                2e-6 * std::max(1.0, std::fabs(std::log10(sum))));
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, LogMelKernelTest,
                         testing::ValuesIn(available_tables().begin(), available_tables().end()),
                         [](const auto& table) { return std::string(table.param->isa); });

TEST(KernelTable, IsChosenByName) {
  EXPECT_STREQ(available_tables().back()->isa, "generic");
  for (const KernelTable* table : available_tables()) {
    auto found = find_table(table->isa);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, table);
  }
  EXPECT_EQ(find_table("sse9").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(find_table("").status().code(), StatusCode::kInvalidArgument);
  // No processor has both.
  const bool arm = available_tables()[0]->isa[0] == 'n';
  EXPECT_EQ(find_table(arm ? "avx2" : "neon").status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(find_table("generic").ok());
}

// The variable as it is in this run: `./run test --isa NAME` sets it for every test.
TEST(KernelTable, VariableOfThisRunIsHonoured) {
  const char* forced = std::getenv("ESCUTA_ISA");
  if (forced == nullptr || *forced == '\0') {
    EXPECT_STREQ(kernels().isa, available_tables().front()->isa);
  } else {
    EXPECT_STREQ(kernels().isa, forced);
  }
}

TEST(KernelTable, VariableForcesAnIsa) {
  for (const KernelTable* table : available_tables()) {
    EXPECT_EXIT(
        {
          ::setenv("ESCUTA_ISA", table->isa, 1);
          std::exit(check_forced_isa().ok() && &kernels() == table ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST(KernelTable, VariableThatNamesNothingIsAnError) {
  std::string names;
  for (const KernelTable* table : available_tables()) {
    names += std::string(names.empty() ? "" : ", ") + table->isa;
  }
  EXPECT_EXIT(
      {
        ::setenv("ESCUTA_ISA", "sse9", 1);
        const Status status = check_forced_isa();
        std::cerr << status.to_string();
        std::exit(&kernels() == available_tables().front() ? 0 : 1);
      },
      testing::ExitedWithCode(0),
      testing::HasSubstr("INVALID_ARGUMENT: ESCUTA_ISA: expected an instruction set that this "
                         "processor has kernels for (" +
                         names + "), found `sse9`"));
}

}  // namespace
}  // namespace escuta::kernels
