// Rows that are decoded together: what a row gives does not depend on the rows beside it, to the
// last bit. On a real model, $ESCUTA_MODELS/tiny.en; skips where it is absent.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "engine/rows.h"
#include "models/whisper/model.h"
#include "registry/registry.h"

namespace escuta::whisper {
namespace {

// Two shapes of sound: a chirp and noise, so that windows differ.
Tensor features(const Config& config, uint32_t seed) {
  Tensor mel =
      Tensor::create(DType::kFloat, {1, config.mel.n_mels, config.window_frames()}).value();
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.2f);
  const auto frames = static_cast<size_t>(config.window_frames());
  auto values = mel.as<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto frame = static_cast<double>(i % frames), bin = static_cast<double>(i / frames);
    const double wave = std::sin(frame * 0.02 * seed + bin * 0.3);
    values[i] = static_cast<float>(wave) + normal(random);
  }
  return mel;
}

class Rows : public ::testing::TestWithParam<engine::Precision> {
 protected:
  void SetUp() override {
    const char* models = ::getenv("ESCUTA_MODELS");
    const std::filesystem::path folder =
        std::filesystem::path(models == nullptr ? "" : models) / "tiny.en";
    if (models == nullptr || !std::filesystem::exists(folder)) {
      GTEST_SKIP() << "the model tiny.en is absent";
    }
    ASSERT_TRUE(add_all_providers(registry_, {}).ok());
    LoadOptions options;
    options.session.providers = {"cpu"};
    options.session.compile.precision = GetParam();
    auto model = Model::load(registry_, folder, options);
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_ = *model;
    for (uint32_t seed = 1; seed <= 2; ++seed) {
      windows_.push_back(model_->encode(features(model_->config(), seed)).value());
    }
  }

  // Token `step` of the row whose number is `id`: plausible, and different from row to row.
  static int32_t token(int id, size_t step) {
    return static_cast<int32_t>((id * 7919 + static_cast<int>(step) * 104729 + 13) % 50000);
  }

  // The logits of all steps of some rows; row i is of window ids[i] % 2.
  std::vector<std::vector<float>> decode(const std::vector<int>& ids, size_t steps) {
    std::vector<engine::Value> states;
    for (const int id : ids) states.push_back(windows_[static_cast<size_t>(id % 2)]);
    const auto decoder = model_->decoder(engine::join_rows(states).value());
    std::vector<std::vector<float>> logits(ids.size());
    for (size_t step = 0; step < steps; ++step) {
      const size_t n = step == 0 ? kPrompt : 1;
      std::vector<int32_t> tokens;
      for (const int id : ids) {
        for (size_t i = 0; i < n; ++i) tokens.push_back(token(id, step == 0 ? i : step + kPrompt));
      }
      const int64_t last[] = {static_cast<int64_t>(n) - 1};
      append(decoder->feed(tokens, static_cast<int64_t>(ids.size()), last).value(), logits);
    }
    return logits;
  }

  static void append(const engine::Value& value, std::vector<std::vector<float>>& logits) {
    const auto all = value.view()->as<float>();
    const size_t vocabulary = all.size() / logits.size();
    for (size_t row = 0; row < logits.size(); ++row) {
      const auto part = all.subspan(row * vocabulary, vocabulary);
      logits[row].insert(logits[row].end(), part.begin(), part.end());
    }
  }

  static constexpr size_t kPrompt = 3;
  engine::Registry registry_;
  std::shared_ptr<const Model> model_;
  std::vector<engine::Value> windows_;
};

TEST_P(Rows, AreTheSameWhateverStandsBesideThem) {
  constexpr size_t kSteps = 6;
  std::vector<std::vector<float>> alone;
  for (int id = 0; id < 17; ++id) alone.push_back(decode({id}, kSteps).front());
  for (const int count : {2, 5, 17}) {
    std::vector<int> ids;
    for (int id = 0; id < count; ++id) ids.push_back(id);
    const auto together = decode(ids, kSteps);
    for (size_t row = 0; row < together.size(); ++row) {
      EXPECT_TRUE(together[row] == alone[row]) << "row " << row << " of " << count;
    }
  }
}

// Hypotheses that share windows, move, multiply and end, against each one's own tokens alone.
TEST_P(Rows, AreTheSameAfterTheyMoved) {
  const auto decoder = model_->decoder(engine::join_rows(windows_).value());
  std::vector<std::vector<int32_t>> fed = {{50257, 50362}, {50257, 50362}};
  std::vector<int> window = {0, 1};
  const auto feed = [&](const std::vector<int32_t>& tokens) {
    const int64_t last[] = {static_cast<int64_t>(tokens.size() / fed.size()) - 1};
    return decoder->feed(tokens, static_cast<int64_t>(fed.size()), last).value();
  };
  engine::Value logits = feed({50257, 50362, 50257, 50362});
  const std::vector<std::vector<int64_t>> moves = {
      {0, 0, 0, 1, 1, 1}, {1, 0, 0, 3, 5, 4}, {0, 1, 2, 3, 4, 5}, {2, 2, 2, 3, 3, 3},
      {3, 5, 4, 0, 1, 2}, {0, 1, 2},          {2, 1, 2},          {0, 1}};
  for (size_t step = 0; step < moves.size(); ++step) {
    ASSERT_TRUE(decoder->take_rows(moves[step]).ok());
    std::vector<std::vector<int32_t>> next_fed;
    std::vector<int> next_window;
    std::vector<int32_t> tokens;
    for (const int64_t row : moves[step]) {
      next_fed.push_back(fed[static_cast<size_t>(row)]);
      next_window.push_back(window[static_cast<size_t>(row)]);
      tokens.push_back(token(static_cast<int>(tokens.size()), step));
      next_fed.back().push_back(tokens.back());
    }
    fed = std::move(next_fed);
    window = std::move(next_window);
    logits = feed(tokens);
  }
  const auto all = logits.view()->as<float>();
  for (size_t row = 0; row < fed.size(); ++row) {
    const auto alone = model_->decoder(windows_[static_cast<size_t>(window[row])]);
    const int64_t prompt[] = {1}, one[] = {0};
    engine::Value expected = alone->feed(std::span(fed[row]).first(2), 1, prompt).value();
    for (size_t i = 2; i < fed[row].size(); ++i) {
      expected = alone->feed(std::span(fed[row]).subspan(i, 1), 1, one).value();
    }
    const auto want = expected.view()->as<float>();
    EXPECT_TRUE(std::ranges::equal(all.subspan(row * want.size(), want.size()), want))
        << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, Rows,
                         ::testing::Values(engine::Precision::kModel, engine::Precision::kInt8),
                         [](const auto& test) {
                           return test.param == engine::Precision::kInt8 ? "int8" : "model";
                         });

}  // namespace
}  // namespace escuta::whisper
