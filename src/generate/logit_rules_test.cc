#include "generate/logit_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "generate/log_prob.h"

namespace escuta::generate {
namespace {

// A small vocabulary: 0..4 text, 5 end of text, 6 <|notimestamps|>, 7..11 timestamps.
constexpr TimestampTokens kTokens = {
    .timestamp_begin = 7, .end_of_text = 5, .no_timestamps = 6, .max_initial = 2};

std::vector<int> allowed(const LogitRule& rule, std::vector<int32_t> sampled,
                         std::vector<float> logits = std::vector<float>(12, 0.0f)) {
  logits.resize(12, 0.0f);
  rule.apply(sampled, logits);
  std::vector<int> ids;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isinf(logits[i])) ids.push_back(static_cast<int>(i));
  }
  return ids;
}

// Text far more probable than any timestamp, so that the preference for timestamps stays out.
const std::vector<float> kTextLikely = {20, 20, 20, 20, 20, 20};

using Ids = std::vector<int>;

std::vector<float> boosted(const LogitRule& rule, const std::vector<int32_t>& sampled) {
  std::vector<float> logits(12, 0.0f);
  rule.apply(sampled, logits);
  return {logits.begin(), logits.begin() + 6};
}

TEST(BoostPhrases, HelpsThePhraseThatIsBeingSaid) {
  using Floats = std::vector<float>;
  // 0 1 2, 0 1 3, 1 4; 5 is no text.
  const auto rule = boost_phrases({{0, 1, 2}, {0, 1, 3}, {1, 4}, {5}}, 2, 5);
  EXPECT_EQ(boosted(*rule, {}), (Floats{1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(boosted(*rule, {3, 0}), (Floats{1, 2, 0, 0, 0, 0}));
  EXPECT_EQ(boosted(*rule, {0, 1}), (Floats{1, 1, 2, 2, 2, 0}));     // 1 4 may have begun as well
  EXPECT_EQ(boosted(*rule, {0, 1, 2}), (Floats{1, 1, 0, 0, 0, 0}));  // said
  EXPECT_EQ(boosted(*rule, {0, 7}), (Floats{1, 1, 0, 0, 0, 0}));     // a timestamp parts
  std::vector<float> forbidden(12, -INFINITY);
  rule->apply(std::vector<int32_t>{0}, forbidden);
  EXPECT_TRUE(std::isinf(forbidden[1]));
}

TEST(TimestampRules, BeginWithATimestampNotTooLate) {
  EXPECT_EQ(allowed(*timestamp_rules(kTokens), {}, kTextLikely), (Ids{7, 8, 9}));
}

TEST(TimestampRules, TextFollowsAnOpeningTimestamp) {
  EXPECT_EQ(allowed(*timestamp_rules(kTokens), {8}, kTextLikely), (Ids{0, 1, 2, 3, 4, 5}));
}

TEST(TimestampRules, AClosingTimestampIsFollowedByAnotherOrTheEnd) {
  EXPECT_EQ(allowed(*timestamp_rules(kTokens), {7, 1, 9}, kTextLikely), (Ids{5, 9, 10, 11}));
}

TEST(TimestampRules, TimeDoesNotGoBackAndSegmentsAreNotEmpty) {
  EXPECT_EQ(allowed(*timestamp_rules(kTokens), {9, 1}, kTextLikely),
            (Ids{0, 1, 2, 3, 4, 5, 10, 11}));
  EXPECT_EQ(allowed(*timestamp_rules(kTokens), {7, 1, 9, 9}, kTextLikely), (Ids{0, 1, 2, 3, 4, 5}));
}

TEST(TimestampRules, TimestampsThatOutweighTextAreChosen) {
  EXPECT_EQ(allowed(*timestamp_rules(kTokens), {7, 1}), (Ids{8, 9, 10, 11}));
}

TEST(TimestampRules, WithoutALimitAnyStartIsAllowed) {
  TimestampTokens tokens = kTokens;
  tokens.max_initial.reset();
  EXPECT_EQ(allowed(*timestamp_rules(tokens), {}), (Ids{7, 8, 9, 10, 11}));
}

TEST(SuppressTokens, IgnoresIdsOutsideTheVocabulary) {
  EXPECT_EQ(allowed(*suppress_tokens({0, 11, 12, -1, 1 << 30}), {}).size(), 10u);
}

TEST(SuppressAtBegin, OnlyAtTheBeginning) {
  const auto rule = suppress_at_begin({0, 5});
  EXPECT_EQ(allowed(*rule, {}).size(), 10u);
  EXPECT_EQ(allowed(*rule, {1}).size(), 12u);
}

TEST(RepetitionPenalty, WeighsWhatWasSaidDown) {
  std::vector<float> logits = {4, -4, 4, 1, 1, 1, 1, 8, 8, 8, 8, 8};
  repetition_penalty(2, 5)->apply(std::vector<int32_t>{7, 0, 1, 0}, logits);
  EXPECT_EQ(logits, (std::vector<float>{2, -8, 4, 1, 1, 1, 1, 8, 8, 8, 8, 8}));
}

TEST(NoEndBefore, HoldsAfterTimestampsThatAreEarlier) {
  const Ids no_end = {0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11};
  const auto rule = no_end_before(10, kTokens);
  EXPECT_EQ(allowed(*rule, {7, 1, 9}), no_end);
  EXPECT_EQ(allowed(*rule, {7, 1, 9, 9}), no_end);
  EXPECT_EQ(allowed(*rule, {7, 1, 9, 9, 2}).size(), 12u);  // a text may stop anywhere
  EXPECT_EQ(allowed(*rule, {7, 1, 10}).size(), 12u);
  EXPECT_EQ(allowed(*rule, {}).size(), 12u);
  EXPECT_EQ(allowed(*rule, {7}).size(), 12u);
}

TEST(NoRepeatedNgrams, ForbidsTheTokenThatWouldRepeatOne) {
  const auto rule = no_repeated_ngrams(3, 5);
  EXPECT_EQ(allowed(*rule, {1, 2, 3, 4, 1, 2}, kTextLikely),
            (Ids{0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(allowed(*rule, {1, 2, 9, 4, 1, 2}).size(), 12u);  // a timestamp is no word
  EXPECT_EQ(allowed(*rule, {1, 2}).size(), 12u);
  EXPECT_EQ(allowed(*no_repeated_ngrams(1, 5), {3}, kTextLikely).size(), 11u);
}

TEST(LogProb, MatchesTheDefinition) {
  const std::vector<float> logits = {1, 2, 3, -INFINITY};
  const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(3.0);
  EXPECT_NEAR(log_sum_exp(logits), std::log(sum), 1e-6);
  EXPECT_NEAR(probability(logits, 1), std::exp(2.0) / sum, 1e-6);
  EXPECT_EQ(probability(logits, 4), 0);
  EXPECT_EQ(arg_max(logits), 2);
  const std::vector<float> nothing(3, -INFINITY);
  EXPECT_TRUE(std::isinf(log_sum_exp(nothing)));
  EXPECT_TRUE(top(nothing, 2).empty());
  const std::vector<float> nan_first = {NAN, 1, 2};
  EXPECT_EQ(arg_max(nan_first), 2);
  EXPECT_TRUE(std::isnan(log_sum_exp(nan_first)));
}

TEST(LogProb, HoldsOverAWholeVocabulary) {
  std::vector<float> logits(51865);
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(std::sin(static_cast<double>(i)) * 12);
    sum += std::exp(static_cast<double>(logits[i]));
  }
  EXPECT_NEAR(log_sum_exp(logits), std::log(sum), 2e-6);
  std::vector<int32_t> expected(logits.size());
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(), [&](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  for (const size_t count : {1u, 6u, 700u}) {
    EXPECT_EQ(top(logits, count),
              std::vector<int32_t>(expected.begin(), expected.begin() + static_cast<long>(count)));
  }
  EXPECT_EQ(top(std::vector<float>{2, 2, 1, 2}, 2), (std::vector<int32_t>{0, 1}));
}

}  // namespace
}  // namespace escuta::generate
