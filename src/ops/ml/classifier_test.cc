// Small models whose results ONNX Runtime (1.31.1) gave, where the specification is silent; and
// attributes that do not fit together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;
using Texts = std::vector<std::string>;

Datum rows() { return tensor<float>(Shape({2, 2}), {1, 2, -3, 0.5f}); }

TEST(LinearClassifier, OneScoreForTwoLabelsGetsItsComplement) {
  TestNode node("ai.onnx.ml", "LinearClassifier", 1, 1, 2);
  node.set("coefficients", Floats{0.1f, 0.2f}).set("intercepts", Floats{0.1f});
  node.set("classlabels_ints", Ints{5, 7}).set("post_transform", "LOGISTIC");
  const auto result = node.run({rows()}).value();
  EXPECT_THAT(elements<int64_t>(result[0]), ElementsAre(7, 5));
  EXPECT_THAT(elements<float>(result[1]),
              Pointwise(FloatNear(1e-6f), Floats{0.354344f, 0.645656f, 0.524979f, 0.475021f}));
}

TEST(LinearClassifier, RefusesWhatDoesNotFit) {
  TestNode few("ai.onnx.ml", "LinearClassifier", 1, 1, 2);
  few.set("coefficients", Floats{1, 2, 3, 4}).set("intercepts", Floats{0, 0});
  few.set("classlabels_ints", Ints{5});
  EXPECT_EQ(few.create_status().code(), StatusCode::kInvalidArgument);
  TestNode odd("ai.onnx.ml", "LinearClassifier", 1, 1, 2);
  odd.set("coefficients", Floats{1, 2, 3}).set("intercepts", Floats{0, 0});
  odd.set("classlabels_ints", Ints{5, 6});
  EXPECT_EQ(odd.run({rows()}).status().code(), StatusCode::kInvalidArgument);
}

TestNode machine() {
  TestNode node("ai.onnx.ml", "SVMClassifier", 1, 1, 2);
  node.set("kernel_type", "RBF").set("kernel_params", Floats{0.5f, 0, 0});
  node.set("support_vectors", Floats{1, 1, -2, 0, 0, 3}).set("rho", Floats{0.1f, 0.2f, -0.3f});
  node.set("coefficients", Floats{1, -1, -0.5f, 0.5f, 1, -1});
  node.set("classlabels_ints", Ints{3, 4, 5});
  return node;
}

TEST(SVMClassifier, ShowsTheScoresOfPairs) {
  TestNode node = machine();
  node.set("vectors_per_class", Ints{1, 1, 1});
  const auto result = node.run({rows()}).value();
  EXPECT_EQ(result[1].shape(), Shape({2, 3}));
  EXPECT_THAT(elements<int64_t>(result[0]), ElementsAre(3, 4));
}

TEST(SVMClassifier, RefusesCountsThatDoNotFit) {
  for (const Ints& counts : {Ints{1, 1}, Ints{1, 1, -1}, Ints{2, 1, 1}, Ints{1, 1, 1 << 30}}) {
    TestNode node = machine();
    node.set("vectors_per_class", counts);
    EXPECT_EQ(node.create_status().code(), StatusCode::kInvalidArgument);
  }
  TestNode probabilities = machine();
  probabilities.set("vectors_per_class", Ints{1, 1, 1}).set("prob_a", Floats{1});
  EXPECT_EQ(probabilities.create_status().code(), StatusCode::kInvalidArgument);
}

TEST(Normalizer, LeavesRowsOfZerosAlone) {
  for (const char* norm : {"MAX", "L1", "L2"}) {
    TestNode node("ai.onnx.ml", "Normalizer", 1, 1);
    node.set("norm", norm);
    const auto result = node.run({tensor<float>(Shape({2, 2}), {0, 0, 0, -2})}).value();
    const float last = norm == std::string("MAX") ? -2.0f : -1.0f;  // the maximum is 0
    EXPECT_THAT(elements<float>(result[0]), ElementsAre(0, 0, 0, last));
  }
}

TEST(LabelEncoder, FindsNanAndTheLastOfEqualKeys) {
  const float nan = std::nanf("");
  TestNode node("ai.onnx.ml", "LabelEncoder", 4, 1);
  node.set("keys_floats", Floats{nan, 1, 1}).set("values_strings", Texts{"nan", "first", "last"});
  const auto result = node.run({tensor<float>(Shape({3}), {1, nan, 2})}).value();
  EXPECT_THAT(elements<std::string>(result[0]), ElementsAre("last", "nan", "_Unused"));
  EXPECT_FALSE(node.run({tensor<int64_t>(Shape({1}), {1})}).ok());
  TestNode unequal("ai.onnx.ml", "LabelEncoder", 4, 1);
  unequal.set("keys_floats", Floats{1, 2}).set("values_strings", Texts{"one"});
  EXPECT_EQ(unequal.create_status().code(), StatusCode::kInvalidArgument);
}

TEST(OneHotEncoder, LooksUpNumbersThatAreNoIntegers) {
  TestNode node("ai.onnx.ml", "OneHotEncoder", 1, 1);
  node.set("cats_int64s", Ints{1, 2});
  const auto result =
      node.run({tensor<float>(Shape({4}), {2.9f, std::nanf(""), 1e30f, -1e30f})}).value();
  EXPECT_THAT(elements<float>(result[0]), ElementsAre(0, 1, 0, 0, 0, 0, 0, 0));
}

Datum map_of(const Datum& keys, const Datum& values) {
  auto map = std::make_shared<Map>();
  map->keys = keys;
  map->values = values;
  return Datum::of(std::shared_ptr<const Map>(std::move(map)));
}

TEST(CastMap, OrdersByKeyAndFillsGaps) {
  const Datum map = map_of(tensor<int64_t>(Shape({3}), {3, 0, 9}),
                           tensor<std::string>(Shape({3}), {"7", " 5", "1"}));
  TestNode dense("ai.onnx.ml", "CastMap", 1, 1);
  dense.set("cast_to", "TO_INT64");
  EXPECT_THAT(elements<int64_t>(dense.run({map}).value()[0]), ElementsAre(5, 7, 1));
  TestNode sparse("ai.onnx.ml", "CastMap", 1, 1);
  sparse.set("map_form", "SPARSE").set("max_map", 5);
  EXPECT_THAT(elements<float>(sparse.run({map}).value()[0]), ElementsAre(5, 0, 0, 7, 0));
  const Datum text =
      map_of(tensor<int64_t>(Shape({1}), {0}), tensor<std::string>(Shape({1}), {"x"}));
  EXPECT_EQ(sparse.run({text}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(sparse.run({rows()}).status().code(), StatusCode::kInvalidArgument);
}

TEST(DictVectorizer, PutsValuesInTheVocabularysOrder) {
  TestNode node("ai.onnx.ml", "DictVectorizer", 1, 1);
  node.set("string_vocabulary", Texts{"a", "c", "b", "z"});
  const Datum map =
      map_of(tensor<std::string>(Shape({2}), {"c", "a"}), tensor<float>(Shape({2}), {8, 4}));
  const auto result = node.run({map}).value();
  EXPECT_EQ(result[0].shape(), Shape({1, 4}));
  EXPECT_THAT(elements<float>(result[0]), ElementsAre(4, 8, 0, 0));
}

TEST(ZipMap, GivesAMapForEachRow) {
  TestNode node("ai.onnx.ml", "ZipMap", 1, 1);
  node.set("classlabels_strings", Texts{"a", "b"});
  const auto result = node.run({rows()}).value();
  const auto& items = result[0].sequence().items;
  ASSERT_EQ(items.size(), 2);
  EXPECT_THAT(elements<std::string>(items[1].map().keys), ElementsAre("a", "b"));
  EXPECT_THAT(elements<float>(items[1].map().values), ElementsAre(-3, 0.5f));
  TestNode three("ai.onnx.ml", "ZipMap", 1, 1);
  three.set("classlabels_int64s", Ints{1, 2, 3});
  EXPECT_EQ(three.run({rows()}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escuta::ops
