// Convolution and pooling where the conformance suite does not reach: symbols, refusals, sizes that
// would run for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;
using Ints = std::vector<int64_t>;

graph::Fact fact(std::vector<graph::Dim> dims) {
  graph::Fact result;
  result.dtype = DType::kFloat;
  result.shape = std::move(dims);
  return result;
}

Dim symbol(const char* name) { return Dim(std::string(name)); }
Dim number(int64_t value) { return Dim(value); }

Datum counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  std::iota(values.begin(), values.end(), 1.0F);
  return tensor(shape, values);
}

std::string inferred(const TestNode& node, const std::vector<graph::Fact>& facts) {
  const auto result = node.infer(facts);
  return result.ok() ? result->front().to_string() : result.status().to_string();
}

TEST(Conv, InfersFromWhatIsKnown) {
  TestNode padded("", "Conv", 11, 2);
  padded.set("pads", Ints{1, 1});
  const auto w = fact({number(8), number(3), number(3)});
  const auto x = fact({symbol("N"), number(3), symbol("T")});
  EXPECT_EQ(inferred(padded, {x, w}), "float [N, 8, T]");
  EXPECT_EQ(inferred(TestNode("", "Conv", 11, 2), {x, w}), "float [N, 8, ?]");
  TestNode same("", "Conv", 11, 2);
  same.set("auto_pad", "SAME_UPPER");
  EXPECT_EQ(inferred(same, {x, fact({Dim(), number(3), Dim()})}), "float [N, ?, T]");
  graph::Fact unknown;
  unknown.dtype = DType::kFloat;
  EXPECT_EQ(inferred(padded, {unknown, w}), "float [?, 8, ?]");
  EXPECT_EQ(inferred(padded, {x, unknown}), "float [N, ?, ?]");
  EXPECT_EQ(inferred(padded, {unknown, unknown}), "float [...]");
  EXPECT_EQ(inferred(padded, {fact({number(1), number(3), number(10)}), w}), "float [1, 8, 10]");
}

TEST(ConvTranspose, InfersFromWhatIsKnown) {
  TestNode node("", "ConvTranspose", 11, 2);
  node.set("strides", Ints{2}).set("group", 2);
  const auto w = fact({number(4), number(3), number(4)});
  EXPECT_EQ(inferred(node, {fact({symbol("N"), number(4), number(5)}), w}), "float [N, 6, 12]");
  EXPECT_EQ(inferred(node, {fact({symbol("N"), number(4), symbol("T")}), w}), "float [N, 6, ?]");
}

TEST(Conv, RefusesWhatDoesNotFit) {
  const Datum x = counting({1, 4, 9});
  const auto code = [&](const TestNode& node, const Shape& w) {
    return node.run({x, counting(w)}).status().code();
  };
  const auto invalid = StatusCode::kInvalidArgument;
  const auto with = [](const char* name, Ints values) {
    TestNode node("", "Conv", 11, 2);
    node.set(name, std::move(values));
    return node;
  };
  EXPECT_EQ(code(TestNode("", "Conv", 11, 2), {2, 4, 3}), StatusCode::kOk);
  EXPECT_EQ(code(TestNode("", "Conv", 11, 2), {2, 3, 3}), invalid);
  EXPECT_EQ(code(TestNode("", "Conv", 11, 2), {2, 4, 3, 3}), invalid);
  EXPECT_EQ(code(TestNode("", "Conv", 11, 2), {2, 4, 0}), invalid);
  EXPECT_EQ(code(TestNode("", "Conv", 11, 2), {2, 4, 11}), invalid);
  EXPECT_EQ(code(with("strides", {0}), {2, 4, 3}), invalid);
  EXPECT_EQ(code(with("strides", {1, 1}), {2, 4, 3}), invalid);
  EXPECT_EQ(code(with("dilations", {-1}), {2, 4, 3}), invalid);
  EXPECT_EQ(code(with("dilations", {INT64_MAX}), {2, 4, 3}), invalid);
  EXPECT_EQ(
      with("dilations", {INT64_MIN})
          .infer({fact({number(1), number(4), number(9)}), fact({number(2), number(4), number(3)})})
          .status()
          .code(),
      invalid);
  EXPECT_EQ(code(with("pads", {-1, 0}), {2, 4, 3}), invalid);
  EXPECT_EQ(code(with("pads", {1}), {2, 4, 3}), invalid);
  EXPECT_EQ(code(with("kernel_shape", {2}), {2, 4, 3}), invalid);
  for (const int64_t group : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{3}, INT64_MAX}) {
    TestNode node("", "Conv", 11, 2);
    node.set("group", group);
    EXPECT_EQ(code(node, {2, 4, 3}), invalid) << group;
  }
  TestNode auto_pad("", "Conv", 11, 2);
  auto_pad.set("auto_pad", "SAME");
  EXPECT_EQ(code(auto_pad, {2, 4, 3}), invalid);
}

TEST(Conv, TakesTensorsWithoutElements) {
  const auto shape = [](const Shape& x, const Shape& w) {
    const auto y = TestNode("", "Conv", 11, 2).run({counting(x), counting(w)});
    return y.ok() ? y->front().shape().to_string() : y.status().to_string();
  };
  EXPECT_EQ(shape({0, 4, 9}, {2, 4, 3}), "[0, 2, 7]");
  EXPECT_EQ(shape({1, 4, 2}, {2, 4, 3}), "[1, 2, 0]");
  EXPECT_EQ(shape({1, 4, 9}, {0, 4, 3}), "[1, 0, 7]");
  EXPECT_EQ(shape({1, 0, 9}, {2, 0, 3}), "[1, 2, 7]");
}

TEST(MaxPool, EndsSoonWhateverTheWindow) {
  constexpr int64_t kHalf = int64_t{1} << 29;
  TestNode node("", "MaxPool", 12, 1, 2);
  node.set("kernel_shape", Ints{2 * kHalf, 2 * kHalf})
      .set("pads", Ints(4, kHalf))
      .set("strides", Ints{4, 4});
  const auto y = node.run({counting({1, 1, 4, 4})});
  ASSERT_TRUE(y.ok()) << y.status().to_string();
  EXPECT_EQ(y->at(0).shape().to_string(), "[1, 1, 2, 2]");
  EXPECT_THAT(elements<float>(y->at(0)), testing::Each(16));
  EXPECT_THAT(elements<int64_t>(y->at(1)), testing::Each(15));
}

TEST(AveragePool, CountsTapsAtTheEdges) {
  TestNode node("", "AveragePool", 19, 1);
  node.set("kernel_shape", Ints{3}).set("pads", Ints{1, 1}).set("strides", Ints{2});
  EXPECT_THAT(elements<float>(node.run({counting({1, 1, 5})})->front()), ElementsAre(1.5, 3, 4.5));
  node.set("count_include_pad", 1);
  EXPECT_THAT(elements<float>(node.run({counting({1, 1, 5})})->front()), ElementsAre(1, 3, 3));
}

TEST(MaxUnpool, RefusesIndicesOutside) {
  TestNode node("", "MaxUnpool", 11, 2);
  node.set("kernel_shape", Ints{2}).set("strides", Ints{2});
  const auto run = [&](int64_t index) {
    return node.run({counting({1, 1, 1}), tensor<int64_t>({1, 1, 1}, {index})});
  };
  EXPECT_THAT(elements<float>(run(1)->front()), ElementsAre(0, 1));
  for (const int64_t index : {INT64_MIN, int64_t{-1}, int64_t{2}, INT64_MAX}) {
    EXPECT_EQ(run(index).status().code(), StatusCode::kInvalidArgument) << index;
  }
}

TEST(DeformConv, SamplesNothingFarAway) {
  TestNode node("", "DeformConv", 19, 3);
  const Datum w = tensor<float>({1, 1, 1, 1}, {1});
  for (const float far : {1e30F, -1e30F, INFINITY, std::nanf("")}) {
    const auto y =
        node.run({counting({1, 1, 1, 2}), w, tensor<float>({1, 2, 1, 2}, {0, 0, far, 0})});
    ASSERT_TRUE(y.ok()) << y.status().to_string();
    EXPECT_THAT(elements<float>(y->front()), ElementsAre(0, 2)) << far;
  }
}

}  // namespace
}  // namespace escuta::ops
