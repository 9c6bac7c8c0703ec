#include "generate/greedy.h"

#include <gtest/gtest.h>

#include <cmath>

namespace escuta::generate {
namespace {

// Gives token after token of a script the highest logit; counts what it was fed.
class ScriptedDecoder : public StepDecoder {
 public:
  explicit ScriptedDecoder(std::vector<int32_t> script) : script_(std::move(script)) {}
  Result<engine::Value> feed(std::span<const int32_t> tokens) override {
    fed.insert(fed.end(), tokens.begin(), tokens.end());
    const auto n = static_cast<int64_t>(tokens.size());
    ASSIGN_OR_RETURN(Tensor logits, Tensor::create(DType::kFloat, {1, n, kVocabulary}));
    const auto next = static_cast<size_t>(script_[at_++]);
    logits.as<float>()[static_cast<size_t>((n - 1) * kVocabulary) + next] = value;
    return engine::Value::of(std::move(logits));
  }
  static constexpr int64_t kVocabulary = 8;
  std::vector<int32_t> fed;
  float value = 10;

 private:
  std::vector<int32_t> script_;
  size_t at_ = 0;
};

const std::vector<int32_t> kPrompt = {1, 2};

TEST(GreedySearch, StopsAtTheEndTokenAndCountsIt) {
  ScriptedDecoder decoder({3, 4, 7});
  const Result<Generation> result = greedy_search(
      decoder, kPrompt, {}, {.end_token = 7, .max_new_tokens = 9, .probe = {}, .cancelled = {}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->tokens, (std::vector<int32_t>{3, 4}));
  EXPECT_TRUE(result->ended);
  EXPECT_EQ(decoder.fed, (std::vector<int32_t>{1, 2, 3, 4}));
  EXPECT_NEAR(result->sum_log_prob, 3 * (10 - std::log(std::exp(10.0) + 7)), 1e-6);
}

TEST(GreedySearch, StopsAtTheLimitWithoutAStepTooMany) {
  ScriptedDecoder decoder({3, 4, 5});
  const Result<Generation> result = greedy_search(
      decoder, kPrompt, {}, {.end_token = 7, .max_new_tokens = 2, .probe = {}, .cancelled = {}});
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->ended);
  EXPECT_EQ(decoder.fed, (std::vector<int32_t>{1, 2, 3}));
}

TEST(GreedySearch, ObeysRulesAndProbesBeforeThem) {
  ScriptedDecoder decoder({3, 7});
  LogitRules rules;
  rules.push_back(suppress_tokens({3}));
  const GreedyOptions options = {
      .end_token = 7, .max_new_tokens = 1, .probe = Probe{1, 3}, .cancelled = {}};
  const Result<Generation> result = greedy_search(decoder, kPrompt, rules, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->tokens, (std::vector<int32_t>{0}));
  EXPECT_NEAR(result->probe_probability, std::exp(10.0) / (std::exp(10.0) + 7), 1e-6);
}

TEST(GreedySearch, RefusesLogitsThatAreNotNumbers) {
  ScriptedDecoder decoder({3});
  decoder.value = INFINITY;
  EXPECT_EQ(greedy_search(decoder, kPrompt, {},
                          {.end_token = 7, .max_new_tokens = 2, .probe = {}, .cancelled = {}})
                .status()
                .code(),
            StatusCode::kDataLoss);
}

TEST(GreedySearch, CanBeCancelled) {
  ScriptedDecoder decoder({3, 3, 3});
  int asked = 0;
  const GreedyOptions options = {
      .end_token = 7, .max_new_tokens = 9, .probe = {}, .cancelled = [&] { return ++asked > 1; }};
  EXPECT_EQ(greedy_search(decoder, kPrompt, {}, options).status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace escuta::generate
