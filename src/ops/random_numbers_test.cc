// Random operators: the distribution, the seed, hostile attributes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using Ints = std::vector<int64_t>;

constexpr int64_t kCount = 20000;

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(values.size());
  return {sum / count, std::sqrt(squares / count - sum / count * sum / count)};
}

TEST(Random, FollowsItsLaw) {
  TestNode normal("", "RandomNormal", 22, 0);
  normal.set("shape", Ints{kCount}).set("mean", 3.f).set("scale", 2.f).set("seed", 1.f);
  const Moments n = moments(elements<float>(normal.run({})->front()));
  EXPECT_NEAR(n.mean, 3, 0.1);
  EXPECT_NEAR(n.deviation, 2, 0.1);
  TestNode uniform("", "RandomUniformLike", 22, 1);
  uniform.set("low", -1.f).set("high", 5.f).set("seed", 1.f);
  const auto drawn =
      elements<float>(uniform.run({tensor({kCount}, std::vector<float>(kCount))})->front());
  const Moments u = moments(drawn);
  EXPECT_NEAR(u.mean, 2, 0.1);
  EXPECT_NEAR(u.deviation, 6 / std::sqrt(12), 0.1);
  for (const float value : drawn) ASSERT_TRUE(value >= -1 && value <= 5);
}

TEST(Random, IsTheSameForTheSameSeed) {
  const auto draw = [](float seed) {
    TestNode node("", "RandomUniform", 22, 0);
    node.set("shape", Ints{8}).set("seed", seed);
    return elements<float>(node.run({})->front());
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(Random, DrawsWhatNumpyDraws) {
  TestNode uniform("", "RandomUniform", 22, 0);
  uniform.set("shape", Ints{2}).set("seed", 0.f).set("dtype", static_cast<int>(DType::kDouble));
  // numpy.random.RandomState(0).uniform(size=2)
  EXPECT_THAT(elements<double>(uniform.run({})->front()),
              testing::ElementsAre(0.5488135039273248, 0.7151893663724195));
  TestNode normal("", "RandomNormal", 22, 0);
  normal.set("shape", Ints{2}).set("seed", 0.f).set("dtype", static_cast<int>(DType::kDouble));
  // numpy.random.RandomState(0).normal(size=2)
  EXPECT_THAT(elements<double>(normal.run({})->front()),
              testing::ElementsAre(testing::DoubleEq(1.764052345967664),
                                   testing::DoubleEq(0.4001572083672233)));
}

TEST(Random, RefusesImpossibleShapesAndTypes) {
  for (const Ints& shape : {Ints{-1}, Ints{INT64_MAX, INT64_MAX}, Ints(100, 1)}) {
    TestNode node("", "RandomNormal", 22, 0);
    EXPECT_EQ(node.set("shape", shape).create_status().code(), StatusCode::kInvalidArgument);
  }
  TestNode like("", "RandomNormalLike", 22, 1);
  EXPECT_EQ(like.run({tensor<int32_t>({1}, {1})}).status().code(), StatusCode::kUnimplemented);
}

TEST(Bernoulli, DrawsWithTheProbabilityGiven) {
  TestNode node("", "Bernoulli", 22, 1);
  node.set("seed", 3.f);
  std::vector<float> probabilities(kCount, 0.3f);
  probabilities[0] = 0;
  probabilities[1] = 1;
  probabilities[2] = std::nanf("");
  const auto drawn = elements<float>(node.run({tensor({kCount}, probabilities)})->front());
  EXPECT_EQ(drawn[0], 0);
  EXPECT_EQ(drawn[1], 1);
  EXPECT_EQ(drawn[2], 0);
  EXPECT_NEAR(moments(drawn).mean, 0.3, 0.02);
}

TEST(Multinomial, DrawsFromUnnormalisedLogarithms) {
  TestNode node("", "Multinomial", 22, 1);
  node.set("sample_size", kCount).set("seed", 1.f);
  const float half = std::log(5.f);
  const auto drawn =
      elements<int32_t>(node.run({tensor<float>({1, 3}, {half, -INFINITY, half})})->front());
  std::vector<float> high;
  for (const int32_t index : drawn) {
    ASSERT_TRUE(index == 0 || index == 2);
    high.push_back(static_cast<float>(index) / 2);
  }
  EXPECT_NEAR(moments(high).mean, 0.5, 0.02);
  for (const float bad : {-INFINITY, std::nanf("")}) {
    EXPECT_EQ(node.run({tensor<float>({1, 1}, {bad})}).status().code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(node.run({tensor<float>({1, 0}, {})}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Dropout, DropsAndScalesWhenItTrains) {
  TestNode node("", "Dropout", 13, 3, 2);
  node.set("seed", 5);
  const Datum x = tensor({kCount}, std::vector<float>(kCount, 1));
  const auto trained = node.run({x, tensor<float>({}, {0.75f}), tensor<bool>({}, {true})});
  const auto values = elements<float>((*trained)[0]);
  const auto kept = elements<bool>((*trained)[1]);
  int64_t count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], kept[i] ? 4 : 0);
    count += kept[i];
  }
  EXPECT_NEAR(static_cast<double>(count) / kCount, 0.25, 0.02);
  const auto idle = node.run({x, tensor<float>({}, {0.75f}), Datum()});
  EXPECT_EQ(elements<float>((*idle)[0]), elements<float>(x));
  EXPECT_EQ(node.run({x, tensor<float>({}, {1.5f}), Datum()}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Window, RefusesNegativeSizes) {
  const TestNode node("", "HannWindow", 17, 1);
  EXPECT_EQ(node.run({tensor<int64_t>({}, {-1})}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({tensor<int64_t>({2}, {1, 2})}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({tensor<float>({}, {1})}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({tensor<int64_t>({}, {0})})->front().count(), 0);
  TestNode symmetric("", "HannWindow", 17, 1);
  symmetric.set("periodic", 0);
  EXPECT_EQ(elements<float>(symmetric.run({tensor<int64_t>({}, {1})})->front())[0], 1);
}

}  // namespace
}  // namespace escuta::ops
