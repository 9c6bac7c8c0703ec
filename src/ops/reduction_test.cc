// Reductions and what works along an axis where the conformance suite does not reach: nothing to
// reduce, NaN, integers that do not fit, axes that make no sense, inference with unknowns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using graph::Dim;
using graph::Fact;
using testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

Fact fact(std::vector<Dim> dims) {
  Fact result;
  result.dtype = DType::kFloat;
  result.shape = std::move(dims);
  return result;
}

float reduced(const char* name, const std::vector<float>& values) {
  const auto result = TestNode("", name, 18, 1)
                          .set("keepdims", 0)
                          .run({tensor({static_cast<int64_t>(values.size())}, values)});
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() ? elements<float>(result->front()).front() : kNan;
}

TEST(Reduction, OfNothing) {
  EXPECT_EQ(reduced("ReduceMax", {}), -kInf);
  EXPECT_EQ(reduced("ReduceMin", {}), kInf);
  EXPECT_EQ(reduced("ReduceProd", {}), 1);
  EXPECT_EQ(reduced("ReduceLogSumExp", {}), -kInf);
  EXPECT_TRUE(std::isnan(reduced("ReduceMean", {})));
  const auto integers = TestNode("", "ReduceMean", 18, 1).run({tensor<int32_t>({0}, {})});
  EXPECT_THAT(elements<int32_t>(integers->front()), ElementsAre(0));
}

TEST(Reduction, NanWins) {
  for (const char* name : {"ReduceMax", "ReduceMin", "ReduceSum", "ReduceLogSumExp"}) {
    EXPECT_TRUE(std::isnan(reduced(name, {1, 2, kNan, 3, 4, 5, 6, 7, 8, 9}))) << name;
  }
  const auto place = TestNode("", "ArgMax", 13, 1).run({tensor<float>({4}, {1, kNan, 5, kNan})});
  EXPECT_THAT(elements<int64_t>(place->front()), ElementsAre(1));
  const auto last = TestNode("", "ArgMin", 13, 1)
                        .set("select_last_index", 1)
                        .run({tensor<float>({4}, {1, kNan, 5, kNan})});
  EXPECT_THAT(elements<int64_t>(last->front()), ElementsAre(3));
}

TEST(Reduction, LogSumExpOfLargeNumbersDoesNotOverflow) {
  EXPECT_NEAR(reduced("ReduceLogSumExp", {1000, 1000}), 1000 + std::log(2.0), 1e-3);
  EXPECT_EQ(reduced("ReduceLogSumExp", {kInf, 0}), kInf);
  EXPECT_EQ(reduced("ReduceLogSumExp", {-kInf, -kInf}), -kInf);
}

TEST(Reduction, IntegersWrapAndSaturate) {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  const Datum big = tensor<int32_t>({2}, {kMax, kMax});
  const auto run = [&](const char* name) {
    return elements<int32_t>(TestNode("", name, 13, 1).run({big})->front()).front();
  };
  EXPECT_EQ(run("ReduceSum"), -2);
  EXPECT_EQ(run("ReduceMean"), kMax);
  EXPECT_EQ(run("ReduceL2"), kMax);
  const auto log = TestNode("", "ReduceLogSum", 13, 1).run({tensor<int32_t>({1}, {0})});
  EXPECT_THAT(elements<int32_t>(log->front()), ElementsAre(kMin));
}

TEST(Reduction, RefusesAxesThatMakeNoSense) {
  const Datum x = tensor<float>({2, 2}, {1, 2, 3, 4});
  const TestNode node("", "ReduceSum", 13, 2);
  EXPECT_EQ(node.run({x, tensor<int64_t>({1}, {2})}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({x, tensor<float>({1}, {0})}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(node.run({x, tensor<int64_t>({4}, {0, 0, -2, -2})}).ok());
  const Datum none = tensor<float>({2, 0}, {});
  EXPECT_EQ(TestNode("", "ArgMax", 13, 1).set("axis", 1).run({none}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(TestNode("", "ArgMax", 13, 1).set("axis", 0).run({none}).ok());
  EXPECT_EQ(TestNode("", "Softmax", 13, 1).set("axis", 2).run({x}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(TestNode("", "CumSum", 14, 2).run({x, tensor<int64_t>({2}, {0, 1})}).status().code(),
            StatusCode::kInvalidArgument);
}

// Dimensions whose product is nothing must not be walked through.
TEST(Reduction, LoopsOverNothingEndAtOnce) {
  constexpr int64_t kHuge = int64_t{1} << 60;
  EXPECT_TRUE(TestNode("", "Softmax", 13, 1).run({tensor<float>({kHuge, 0}, {})}).ok());
  EXPECT_TRUE(TestNode("", "LpNormalization", 1, 1)
                  .set("axis", 1)
                  .run({tensor<float>({kHuge, 3, 0}, {})})
                  .ok());
  EXPECT_TRUE(TestNode("", "MatMul", 13, 2)
                  .run({tensor<float>({kHuge, 0, 2}, {}), tensor<float>({2, 0}, {})})
                  .ok());
}

TEST(Reduction, InfersWithSymbols) {
  const Fact x = fact({Dim("batch"), Dim(int64_t{3}), Dim()});
  const auto kept =
      TestNode("", "ReduceSum", 11, 1).set("axes", std::vector<int64_t>{-1}).infer({x});
  EXPECT_EQ(*kept->front().shape,
            (std::vector<Dim>{Dim("batch"), Dim(int64_t{3}), Dim(int64_t{1})}));
  const auto unknown_axes = TestNode("", "ReduceSum", 13, 2).infer({x, Fact()});
  EXPECT_EQ(*unknown_axes->front().shape, std::vector<Dim>(3));
  const auto dropped = TestNode("", "ReduceSum", 13, 2).set("keepdims", 0).infer({x, Fact()});
  EXPECT_FALSE(dropped->front().shape.has_value());
  const auto unknown = TestNode("", "ArgMax", 13, 1).infer({Fact()});
  EXPECT_EQ(unknown->front().dtype, DType::kInt64);
  EXPECT_FALSE(unknown->front().shape.has_value());
  EXPECT_FALSE(TestNode("", "ArgMax", 13, 1).set("axis", 3).infer({x}).ok());
}

}  // namespace
}  // namespace escuta::ops
