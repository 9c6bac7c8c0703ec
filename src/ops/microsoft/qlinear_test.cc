// com.microsoft's quantised operators on numbers that can be checked by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;
using Ints = std::vector<int64_t>;

Datum bytes(const Shape& shape, const std::vector<uint8_t>& values) {
  return tensor<uint8_t>(shape, values);
}
Datum scale(float value) { return tensor<float>({}, {value}); }
Datum zero(uint8_t value) { return bytes({}, {value}); }

TestNode node(std::string_view name, size_t inputs) {
  return TestNode("com.microsoft", name, 1, inputs);
}

std::vector<uint8_t> run(const TestNode& test, const std::vector<Datum>& inputs) {
  const auto results = test.run(inputs);
  EXPECT_TRUE(results.ok()) << results.status().to_string();
  return results.ok() ? elements<uint8_t>(results->front()) : std::vector<uint8_t>();
}

TEST(QLinearAdd, AddsWhatTheBytesStandFor) {
  // 0.5 (a - 10) + 0.25 (b - 20), in quarters from 100 on
  EXPECT_THAT(run(node("QLinearAdd", 8),
                  {bytes({3}, {10, 12, 255}), scale(0.5F), zero(10), bytes({1}, {24}), scale(0.25F),
                   zero(20), scale(0.25F), zero(100)}),
              ElementsAre(104, 108, 255));
}

TEST(QLinearMul, MultipliesWhatTheBytesStandFor) {
  EXPECT_THAT(run(node("QLinearMul", 8),
                  {bytes({2, 1}, {12, 8}), scale(0.5F), zero(10), bytes({2}, {24, 12}),
                   scale(0.25F), zero(20), scale(0.5F), zero(100)}),
              ElementsAre(102, 96, 98, 104));
}

TEST(QLinearUnary, RoundsTiesToEven) {
  TestNode leaky = node("QLinearLeakyRelu", 5);
  leaky.set("alpha", 0.25F);
  EXPECT_THAT(run(leaky, {bytes({4}, {90, 94, 100, 101}), scale(1), zero(100), scale(1), zero(50)}),
              ElementsAre(48, 48, 50, 51));  // -2.5 and -1.5 give -2
  EXPECT_THAT(run(node("QLinearSigmoid", 5),
                  {bytes({3}, {0, 100, 255}), scale(1), zero(100), scale(1.0F / 256), zero(0)}),
              ElementsAre(0, 128, 255));
}

TEST(QLinearSoftmax, SharesOut) {
  TestNode softmax = node("QLinearSoftmax", 5);
  softmax.set("opset", 13);
  EXPECT_THAT(
      run(softmax, {bytes({2, 2}, {7, 7, 0, 255}), scale(1), zero(3), scale(1.0F / 256), zero(0)}),
      ElementsAre(128, 128, 0, 255));
  softmax.set("axis", 2);
  EXPECT_EQ(softmax.run({bytes({1}, {7}), scale(1), zero(3), scale(1), zero(0)}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(QLinearConcat, BringsAllToOneScale) {
  TestNode concat = node("QLinearConcat", 8);
  concat.set("axis", 1);
  EXPECT_THAT(run(concat, {scale(0.5F), zero(10), bytes({2, 1}, {10, 11}), scale(1), zero(10),
                           bytes({2, 2}, {1, 2, 3, 4}), scale(0.5F), zero(0)}),
              ElementsAre(10, 11, 12, 12, 13, 14));
  EXPECT_EQ(node("QLinearConcat", 7).create_status().code(), StatusCode::kInvalidArgument);
}

TEST(QLinearWhere, ChoosesAndRescales) {
  const Datum condition = tensor<bool>({2}, std::vector<bool>{true, false});
  EXPECT_THAT(
      run(node("QLinearWhere", 9), {condition, bytes({2}, {12, 12}), scale(1), zero(10),
                                    bytes({1}, {7}), scale(0.5F), zero(3), scale(0.5F), zero(100)}),
      ElementsAre(104, 104));
}

TEST(QLinearReduceMean, TakesTheMeanOverAxes) {
  TestNode mean = node("QLinearReduceMean", 5);
  mean.set("axes", Ints{-1}).set("keepdims", 0);
  const std::vector<Datum> inputs = {bytes({2, 2}, {10, 12, 20, 24}), scale(1), zero(10),
                                     scale(0.5F), zero(100)};
  const auto results = mean.run(inputs);
  ASSERT_TRUE(results.ok()) << results.status().to_string();
  EXPECT_EQ(results->front().shape().to_string(), "[2]");
  EXPECT_THAT(elements<uint8_t>(results->front()), ElementsAre(102, 124));
}

TEST(QLinearPools, AverageInBothLayouts) {
  const std::vector<Datum> first = {bytes({1, 2, 3}, {10, 12, 14, 20, 24, 28}), scale(1), zero(10),
                                    scale(0.5F), zero(100)};
  const std::vector<Datum> last = {bytes({1, 3, 2}, {10, 20, 12, 24, 14, 28}), scale(1), zero(10),
                                   scale(0.5F), zero(100)};
  TestNode pool = node("QLinearAveragePool", 5), pool_last = node("QLinearAveragePool", 5);
  pool.set("kernel_shape", Ints{2});
  pool_last.set("kernel_shape", Ints{2}).set("channels_last", 1);
  EXPECT_THAT(run(pool, first), ElementsAre(102, 106, 124, 132));
  EXPECT_THAT(run(pool_last, last), ElementsAre(102, 124, 106, 132));
  TestNode global_last = node("QLinearGlobalAveragePool", 5);
  global_last.set("channels_last", 1);
  EXPECT_THAT(run(node("QLinearGlobalAveragePool", 5), first), ElementsAre(104, 128));
  EXPECT_THAT(run(global_last, last), ElementsAre(104, 128));
}

TEST(QLinearConv, IsTheSameInBothLayouts) {
  const auto inputs = [](const Datum& x) {
    return std::vector<Datum>{x,        scale(1), zero(10), bytes({1, 2, 2}, {1, 2, 3, 4}),
                              scale(1), zero(0),  scale(2), zero(100)};
  };
  TestNode last = node("QLinearConv", 8);
  last.set("channels_last", 1);
  // (0 1 + 2 2 + 10 3 + 14 4) / 2 and (2 1 + 4 2 + 14 3 + 18 4) / 2
  EXPECT_THAT(run(node("QLinearConv", 8), inputs(bytes({1, 2, 3}, {10, 12, 14, 20, 24, 28}))),
              ElementsAre(145, 162));
  EXPECT_THAT(run(last, inputs(bytes({1, 3, 2}, {10, 20, 12, 24, 14, 28}))), ElementsAre(145, 162));
}

TEST(QGemm, AddsCAndQuantisesIfAsked) {
  const Datum a = bytes({1, 2}, {3, 4}), b = bytes({2, 2}, {1, 2, 3, 4});
  const Datum c = tensor<int32_t>({2}, {5, -5});
  TestNode gemm = node("QGemm", 9);
  gemm.set("alpha", 0.5F);
  // (3 - 1) 1 + (4 - 1) 3 + 5 = 16 and (3 - 1) 2 + (4 - 1) 4 - 5 = 11
  EXPECT_THAT(run(gemm, {a, scale(2), zero(1), b, scale(1), zero(0), c, scale(1), zero(100)}),
              ElementsAre(116, 111));
  TestNode plain = node("QGemm", 7);
  const auto y = plain.run({a, scale(2), zero(1), b, scale(1), zero(0), c});
  ASSERT_TRUE(y.ok()) << y.status().to_string();
  EXPECT_THAT(elements<float>(y->front()), ElementsAre(32, 22));
}

TEST(FusedConv, AddsAndActivates) {
  TestNode conv = node("FusedConv", 4);
  conv.set("activation", "LeakyRelu").set("activation_params", std::vector<float>{0.5F});
  const auto y = conv.run({tensor<float>({1, 1, 3}, {1, -2, 3}), tensor<float>({1, 1, 1}, {2}),
                           tensor<float>({1}, {1}), tensor<float>({1, 1, 3}, {0, 1, 0})});
  ASSERT_TRUE(y.ok()) << y.status().to_string();
  EXPECT_THAT(elements<float>(y->front()), ElementsAre(3, -1, 7));
}

}  // namespace
}  // namespace escuta::ops
