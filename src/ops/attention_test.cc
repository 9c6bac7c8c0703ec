// Attention, losses and normalisations where the conformance suite does not reach: queries that see
// nothing, caches kept outside, shapes and labels that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using graph::Dim;
using graph::Fact;
using testing::ElementsAre;
using testing::FloatEq;

// One head of one element: [1, 1, n, 1].
Datum column(const std::vector<float>& values) {
  return tensor({1, 1, static_cast<int64_t>(values.size()), 1}, values);
}

TEST(Attention, AQueryThatSeesNothingGivesZeros) {
  const auto result = TestNode("", "Attention", 23, 4)
                          .run({column({1, 1}), column({1, 2}), column({5, 7}),
                                tensor<bool>({2, 2}, {false, false, true, false})});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_THAT(elements<float>(result->front()), ElementsAre(FloatEq(0), FloatEq(5)));
}

TEST(Attention, CountsOfKeysHidePaddingAndShortMasksTheRest) {
  const Datum q = column({0}), k = column({1, 2, 3, 4}), v = column({1, 2, 3, 100});
  const Datum mask = tensor<float>({1, 3}, {0, 0, 0});
  const auto all = TestNode("", "Attention", 24, 4).run({q, k, v, mask});
  EXPECT_THAT(elements<float>(all->front()), ElementsAre(FloatEq(2)));
  const auto two = TestNode("", "Attention", 24, 7)
                       .run({q, k, v, mask, Datum(), Datum(), tensor<int64_t>({1}, {2})});
  EXPECT_THAT(elements<float>(two->front()), ElementsAre(FloatEq(1.5)));
  const auto none = TestNode("", "Attention", 24, 7)
                        .run({q, k, v, mask, Datum(), Datum(), tensor<int64_t>({1}, {-9})});
  EXPECT_THAT(elements<float>(none->front()), ElementsAre(FloatEq(0)));
}

TEST(Attention, RefusesWhatDoesNotFit) {
  const Datum q = column({1}), kv = column({1, 2});
  const auto code = [](const std::vector<Datum>& inputs) {
    return TestNode("", "Attention", 24, inputs.size()).run(inputs).status().code();
  };
  EXPECT_EQ(code({q, kv, column({1})}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({q, kv, kv, tensor<float>({3}, {0, 0, 0})}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({q, kv, kv, Datum(), kv}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({tensor<float>({1, 1, 2}, {1, 2}), kv, kv}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({q, kv, kv, Datum(), Datum(), Datum(), tensor<int64_t>({2}, {1, 1})}),
            StatusCode::kInvalidArgument);
}

TEST(Attention, InfersTheCacheFromSymbols) {
  Fact q, past;
  q.dtype = past.dtype = DType::kFloat;
  q.shape = std::vector<Dim>{Dim("batch"), Dim(int64_t{2}), Dim(int64_t{12})};
  past.shape = std::vector<Dim>{Dim("batch"), Dim(int64_t{3}), Dim(int64_t{5}), Dim(int64_t{4})};
  const auto facts = TestNode("", "Attention", 23, 6, 3)
                         .set("q_num_heads", 3)
                         .set("kv_num_heads", 3)
                         .infer({q, q, q, Fact(), past, past});
  ASSERT_TRUE(facts.ok()) << facts.status().to_string();
  EXPECT_EQ((*facts)[0].shape, q.shape);
  EXPECT_EQ(*(*facts)[1].shape,
            (std::vector<Dim>{Dim("batch"), Dim(int64_t{3}), Dim(int64_t{7}), Dim(int64_t{4})}));
}

TEST(RotaryEmbedding, RefusesPositionsBehindTheCache) {
  const Datum x = column({1}), angles = tensor<float>({2, 1}, {1, 1});
  const Datum pair = tensor<float>({1, 1, 1, 2}, {1, 2});
  const TestNode node("", "RotaryEmbedding", 23, 4);
  EXPECT_TRUE(node.run({pair, angles, angles, tensor<int64_t>({1, 1}, {1})}).ok());
  for (const int64_t position : {-1, 2}) {
    const auto result = node.run({pair, angles, angles, tensor<int64_t>({1, 1}, {position})});
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(node.run({x, angles, angles, tensor<int64_t>({1, 1}, {0})}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Loss, RefusesLabelsThatAreNoClass) {
  const Datum scores = tensor<float>({1, 2}, {1, 2});
  for (const char* name : {"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}) {
    const TestNode node("", name, 13, 2);
    for (const int64_t label : {-1, 2}) {
      EXPECT_EQ(node.run({scores, tensor<int64_t>({1}, {label})}).status().code(),
                StatusCode::kInvalidArgument);
    }
    EXPECT_EQ(node.run({scores, tensor<int64_t>({2}, {0, 0})}).status().code(),
              StatusCode::kInvalidArgument);
    EXPECT_EQ(TestNode("", name, 13, 2).set("reduction", "most").create_status().code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(Normalization, RefusesWhatDoesNotFit) {
  const Datum x = tensor<float>({1, 2, 1}, {1, 2}), one = tensor<float>({1}, {1});
  const Datum two = tensor<float>({2}, {1, 1});
  const auto code = [](const char* name, int version, const std::vector<Datum>& inputs) {
    TestNode node("", name, version, inputs.size());
    if (std::string_view(name) == "GroupNormalization") node.set("num_groups", 3);
    return node.run(inputs).status().code();
  };
  EXPECT_EQ(code("InstanceNormalization", 6, {x, one, two}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("GroupNormalization", 21, {x, two, two}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("BatchNormalization", 9, {x, two, two, two, one}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("LayerNormalization", 17, {x, tensor<float>({3}, {1, 1, 1})}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code("LayerNormalization", 17, {tensor<float>({}, {1}), one}),
            StatusCode::kInvalidArgument);
}

TEST(TfIdfVectorizer, SkipsWithoutEndEndWithTheRow) {
  TestNode node("", "TfIdfVectorizer", 9, 1);
  node.set("mode", "TF").set("min_gram_length", 2).set("max_gram_length", 2);
  node.set("max_skip_count", static_cast<int64_t>(INT64_MAX));
  node.set("ngram_counts", std::vector<int64_t>{0, 0});
  node.set("ngram_indexes", std::vector<int64_t>{0});
  node.set("pool_int64s", std::vector<int64_t>{7, 8});
  const auto result = node.run({tensor<int64_t>({5}, {7, 1, 8, 7, 8})});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_THAT(elements<float>(result->front()), ElementsAre(3));
  for (const std::vector<int64_t>& counts : {std::vector<int64_t>{5, 0}, {0, 5, 0}, {-1}, {9}}) {
    TestNode wrong("", "TfIdfVectorizer", 9, 1);
    wrong.set("ngram_counts", counts).set("pool_int64s", std::vector<int64_t>{7});
    EXPECT_EQ(wrong.create_status().code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace escuta::ops
