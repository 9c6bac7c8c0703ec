#include "generate/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "generate/fake_decoder_test.h"
#include "generate/hypotheses.h"
#include "generate/log_prob.h"

namespace escuta::generate {
namespace {

using Tokens = std::vector<int32_t>;

constexpr int32_t kEnd = 0;

SearchOptions options_for(size_t most) {
  SearchOptions options;
  options.end_token = kEnd;
  options.max_new_tokens = most;
  return options;
}

std::vector<Generation> run(StepDecoder& decoder, const std::vector<Tokens>& prompts,
                            const LogitRules& rules, const SearchOptions& options,
                            uint64_t first_seed = 7) {
  std::vector<SearchRow> rows;
  for (const Tokens& prompt : prompts) {
    rows.push_back({prompt, first_seed + static_cast<uint64_t>(prompt.back())});
  }
  Result<std::vector<Generation>> found = search(decoder, rows, rules, options);
  EXPECT_TRUE(found.ok()) << found.status().message();
  return found.ok() ? *found : std::vector<Generation>();
}

// Gives token after token of a script the highest logit.
class ScriptedDecoder : public FakeDecoder {
 public:
  ScriptedDecoder(Tokens script, size_t prompt)
      : FakeDecoder(8), script_(std::move(script)), prompt_(prompt) {}
  std::vector<float> logits_after(const Tokens& tokens) const override {
    std::vector<float> logits(8);
    if (tokens.size() < prompt_) return logits;
    logits[static_cast<size_t>(script_.at(tokens.size() - prompt_))] = value;
    return logits;
  }
  float value = 10;

 private:
  Tokens script_;
  size_t prompt_;
};

TEST(GreedySearch, StopsAtTheEndTokenAndCountsIt) {
  ScriptedDecoder decoder({3, 4, kEnd}, 2);
  const Generation result = run(decoder, {{1, 2}}, {}, options_for(9)).at(0);
  EXPECT_EQ(result.tokens, (Tokens{3, 4}));
  EXPECT_TRUE(result.ended);
  EXPECT_NEAR(result.sum_log_prob, 3 * (10 - std::log(std::exp(10.0) + 7)), 1e-5);
  EXPECT_EQ(decoder.feeds, 3);
}

TEST(GreedySearch, StopsAtTheLimitWithoutAStepTooMany) {
  ScriptedDecoder decoder({3, 4, 5}, 2);
  const Generation result = run(decoder, {{1, 2}}, {}, options_for(2)).at(0);
  EXPECT_FALSE(result.ended);
  EXPECT_EQ(decoder.feeds, 2);
}

TEST(GreedySearch, ObeysRulesAndProbesBeforeThem) {
  ScriptedDecoder decoder({3, 3}, 1);
  LogitRules rules;
  rules.push_back(suppress_tokens({3, kEnd}));
  SearchOptions options = options_for(1);
  options.probe = Probe{0, 3};
  const Generation result = run(decoder, {{1, 2}}, rules, options).at(0);
  EXPECT_EQ(result.tokens, (Tokens{1}));
  EXPECT_NEAR(result.probe_probability, std::exp(10.0) / (std::exp(10.0) + 7), 1e-6);
}

TEST(GreedySearch, ARowHasARuleOfItsOwn) {
  ScriptedDecoder decoder({3, 3}, 1);
  const auto rule = suppress_tokens({3, kEnd});
  const Tokens prompt = {1};
  const SearchRow rows[] = {{prompt, 0, rule.get()}, {prompt, 0}};
  const auto found = search(decoder, rows, {}, options_for(1));
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((*found)[0].tokens, (Tokens{1}));
  EXPECT_EQ((*found)[1].tokens, (Tokens{3}));
}

TEST(Search, ARowBeginsWithItsPrefix) {
  for (const size_t beams : {1u, 3u}) {
    ScriptedDecoder decoder({3, 3, 3, 4, kEnd}, 1);
    LogitRules rules;
    rules.push_back(suppress_tokens({5}));
    SearchOptions options = options_for(9);
    options.beams = beams;
    const Tokens prompt = {1}, prefix = {5, 2};
    const SearchRow rows[] = {{.prompt = prompt, .prefix = prefix}};
    const auto found = search(decoder, rows, rules, options);
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_EQ((*found)[0].tokens, (Tokens{5, 2, 3, 4}));
    EXPECT_NEAR((*found)[0].sum_log_prob, 3 * (10 - std::log(std::exp(10.0) + 6)), 1e-4);
  }
}

TEST(Search, GivesUpWhatGoesRoundInCircles) {
  for (const bool asked : {false, true}) {
    ScriptedDecoder decoder(Tokens(60, 3), 1);
    SearchOptions options = options_for(50);
    if (asked) options.loops_below = 8;
    const Generation result = run(decoder, {{1}}, {}, options).at(0);
    EXPECT_EQ(result.looped, asked);
    EXPECT_EQ(result.tokens.size(), asked ? 20u : 50u);
  }
}

TEST(Search, RefusesLogitsThatAreNotNumbers) {
  for (const float value : {INFINITY, NAN}) {
    for (const size_t beams : {1u, 3u}) {
      ScriptedDecoder decoder({3}, 2);
      decoder.value = value;
      SearchOptions options = options_for(2);
      options.beams = beams;
      const Tokens prompt = {1, 2};
      const SearchRow rows[] = {{prompt, 0}};
      EXPECT_EQ(search(decoder, rows, {}, options).status().code(), StatusCode::kDataLoss);
    }
  }
}

TEST(Search, CanBeCancelled) {
  FakeDecoder decoder(9);
  int asked = 0;
  SearchOptions options = options_for(9);
  options.cancelled = [&] { return ++asked > 1; };
  LogitRules rules;
  rules.push_back(suppress_tokens({kEnd}));
  const Tokens prompt = {1, 2};
  const SearchRow rows[] = {{prompt, 0}};
  EXPECT_EQ(search(decoder, rows, rules, options).status().code(), StatusCode::kCancelled);
}

// --- A batch finds what each window finds alone --------------------------------------------------

struct Kind {
  const char* name;
  size_t beams, samples;
  double temperature, patience;
};
class SearchKinds : public ::testing::TestWithParam<Kind> {
 protected:
  SearchOptions options(size_t most) const {
    SearchOptions options = options_for(most);
    options.beams = GetParam().beams;
    options.samples = GetParam().samples;
    options.temperature = GetParam().temperature;
    options.patience = GetParam().patience;
    options.probe = Probe{0, 5};
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(All, SearchKinds,
                         ::testing::Values(Kind{"greedy", 1, 1, 0, 1}, Kind{"beam5", 5, 1, 0, 1},
                                           Kind{"patient", 4, 1, 0, 2.5},
                                           Kind{"sampled", 1, 1, 0.7, 1},
                                           Kind{"best_of_5", 1, 5, 1, 1}),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(SearchKinds, ABatchIsItsRowsOneByOne) {
  for (uint64_t model = 1; model <= 20; ++model) {
    std::vector<Tokens> prompts;
    for (int32_t i = 1; i <= 7; ++i) prompts.push_back({2, 3, i});
    FakeDecoder together(12, model);
    const auto batch = run(together, prompts, {}, options(30));
    ASSERT_EQ(batch.size(), prompts.size());
    for (size_t i = 0; i < prompts.size(); ++i) {
      FakeDecoder one(12, model);
      const Generation alone = run(one, {prompts[i]}, {}, options(30)).at(0);
      EXPECT_EQ(batch[i].tokens, alone.tokens) << "row " << i << " of model " << model;
      EXPECT_EQ(batch[i].sum_log_prob, alone.sum_log_prob);
      EXPECT_EQ(batch[i].ended, alone.ended);
      EXPECT_EQ(batch[i].probe_probability, alone.probe_probability);
    }
  }
}

// What a hypothesis says of its probability is what its tokens have.
TEST_P(SearchKinds, TheSumIsThatOfTheTokens) {
  for (uint64_t model = 1; model <= 20; ++model) {
    FakeDecoder decoder(6, model);
    const Generation found = run(decoder, {{4, 1}}, {}, options(12)).at(0);
    Tokens sequence = {4, 1};
    double sum = 0;
    Tokens tokens = found.tokens;
    if (found.ended) tokens.push_back(kEnd);
    for (const int32_t token : tokens) {
      const std::vector<float> logits = decoder.logits_after(sequence);
      sum += std::log(probability(logits, token));
      sequence.push_back(token);
    }
    EXPECT_NEAR(found.sum_log_prob, sum, 1e-5);
  }
}

TEST(Search, AWindowThatEndsLeavesTheBatch) {
  FakeDecoder together(12);
  std::vector<Tokens> prompts;
  int64_t alone = 0;
  for (int32_t i = 1; i <= 7; ++i) {
    prompts.push_back({2, 3, i});
    FakeDecoder one(12);
    run(one, {prompts.back()}, {}, options_for(60));
    alone += one.rows_fed;
  }
  run(together, prompts, {}, options_for(60));
  EXPECT_EQ(together.rows_fed, alone);
}

// --- Beams -------------------------------------------------------------------------------------

// Every sequence that ends within `most` tokens, and every one that is cut there.
void list_all(const FakeDecoder& decoder, Hypothesis so_far, const Tokens& prompt, size_t most,
              std::vector<Hypothesis>& all) {
  Tokens sequence = prompt;
  sequence.insert(sequence.end(), so_far.tokens.begin(), so_far.tokens.end());
  const std::vector<float> logits = decoder.logits_after(sequence);
  for (size_t token = 0; token < logits.size(); ++token) {
    Hypothesis next = so_far;
    next.sum_log_prob += std::log(probability(logits, static_cast<int32_t>(token)));
    next.ended = token == static_cast<size_t>(kEnd);
    if (!next.ended) next.tokens.push_back(static_cast<int32_t>(token));
    if (next.ended || next.tokens.size() == most) {
      all.push_back(next);
    } else {
      list_all(decoder, next, prompt, most, all);
    }
  }
}

TEST(BeamSearch, AsWideAsTheTreeItIsExhaustive) {
  constexpr size_t kMost = 4;
  for (const std::optional<double> penalty : {std::optional<double>(), std::optional<double>(1)}) {
    for (uint64_t model = 1; model <= 30; ++model) {
      FakeDecoder decoder(4, model);
      std::vector<Hypothesis> all;
      list_all(decoder, {}, {1, 2}, kMost, all);
      const auto best =
          std::max_element(all.begin(), all.end(), [&](const Hypothesis& a, const Hypothesis& b) {
            return rank(a, penalty) < rank(b, penalty);
          });
      SearchOptions options = options_for(kMost);
      options.beams = all.size();
      options.length_penalty = penalty;
      const Generation found = run(decoder, {{1, 2}}, {}, options).at(0);
      EXPECT_EQ(found.tokens, best->tokens) << "model " << model;
      EXPECT_EQ(found.ended, best->ended);
      EXPECT_NEAR(found.sum_log_prob, best->sum_log_prob, 1e-5);
    }
  }
}

TEST(BeamSearch, PatienceWaitsForMoreEnds) {
  // A decoder that may end at any time: with patience more hypotheses are seen before the choice.
  int64_t steps[2] = {};
  for (uint64_t model = 1; model <= 10; ++model) {
    for (const bool patient : {false, true}) {
      FakeDecoder decoder(6, model);
      SearchOptions options = options_for(60);
      options.beams = 3;
      options.patience = patient ? 3 : 1;
      run(decoder, {{1, 2}}, {}, options);
      steps[patient ? 1 : 0] += decoder.feeds;
    }
  }
  EXPECT_GT(steps[1], steps[0] + 10);
}

TEST(BeamSearch, FindsWhatGreedySearchMisses) {
  double gained = 0;
  for (uint64_t model = 1; model <= 40; ++model) {
    SearchOptions options = options_for(10);
    FakeDecoder greedy(10, model), wide(10, model);
    LogitRules rules;
    rules.push_back(suppress_tokens({kEnd}));  // all of one length
    const double one = run(greedy, {{1, 2}}, rules, options).at(0).sum_log_prob;
    options.beams = 8;
    gained += run(wide, {{1, 2}}, rules, options).at(0).sum_log_prob - one;
  }
  EXPECT_GT(gained, 10);
}

// --- Samples -----------------------------------------------------------------------------------

TEST(Sampling, FollowsTheDistribution) {
  const std::vector<float> logits = {0, 1, -INFINITY, 2};
  const double temperature = 0.5;
  double weights[4], sum = 0;
  for (size_t i = 0; i < 4; ++i) sum += weights[i] = std::exp(logits[i] / temperature);
  int counts[4] = {};
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    ++counts[draw(logits, temperature, (i + 0.5) / kDraws)];
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(counts[i], kDraws * weights[i] / sum, 1.5);
}

TEST(Sampling, DrawsFromEveryBlockOfALargeVocabulary) {
  std::vector<float> logits(51865, -INFINITY);
  logits[3] = logits[1000] = logits[51864] = 1;
  EXPECT_EQ(draw(logits, 1, 0), 3);
  EXPECT_EQ(draw(logits, 1, 0.5), 1000);
  EXPECT_EQ(draw(logits, 1, 0.9999999999), 51864);
}

TEST(Sampling, TheSeedDecides) {
  SearchOptions options = options_for(30);
  options.temperature = 1;
  FakeDecoder a(40), b(40), c(40);
  const Tokens first = run(a, {{1, 2}}, {}, options, 1).at(0).tokens;
  EXPECT_EQ(run(b, {{1, 2}}, {}, options, 1).at(0).tokens, first);
  EXPECT_NE(run(c, {{1, 2}}, {}, options, 2).at(0).tokens, first);
}

TEST(Sampling, TheBestOfSeveralIsAtLeastAsGoodAsTheFirst) {
  for (uint64_t model = 1; model <= 20; ++model) {
    SearchOptions options = options_for(20);
    options.temperature = 1;
    FakeDecoder one(10, model), five(10, model);
    const auto score = [](const Generation& g) {
      return g.sum_log_prob / std::max<double>(1, static_cast<double>(g.tokens.size()));
    };
    const double single = score(run(one, {{1, 2}}, {}, options).at(0));
    options.samples = 5;
    EXPECT_GE(score(run(five, {{1, 2}}, {}, options).at(0)), single);
  }
}

}  // namespace
}  // namespace escuta::generate
