// Quantisation where the conformance suite does not reach: scales that do not fit, values without a
// place, every granularity there and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;

Result<std::vector<Datum>> quantize(const Datum& x, const Datum& scale, const Datum& zero,
                                    int64_t axis = 1, int64_t block_size = 0) {
  TestNode node("", "QuantizeLinear", 25, 3);
  node.set("axis", axis).set("block_size", block_size);
  return node.run({x, scale, zero});
}

Datum counting(const Shape& shape, float first) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  std::iota(values.begin(), values.end(), first);
  return tensor(shape, values);
}

TEST(QuantizeLinear, SaturatesWhatHasNoPlace) {
  const float nan = std::nanf("");
  const Datum x = tensor<float>({6}, {1e30f, -1e30f, INFINITY, -INFINITY, nan, 2.5f});
  const Datum scale = tensor<float>({}, {1});
  EXPECT_THAT(elements<uint8_t>(quantize(x, scale, tensor<uint8_t>({}, {7}))->front()),
              ElementsAre(255, 0, 255, 0, 0, 9));
  EXPECT_THAT(elements<int16_t>(quantize(x, scale, tensor<int16_t>({}, {-7}))->front()),
              ElementsAre(32767, -32768, 32767, -32768, -32768, -5));
  EXPECT_TRUE(quantize(x, tensor<float>({}, {0}), tensor<int8_t>({}, {0})).ok());
}

TEST(QuantizeLinear, RefusesScalesThatDoNotFit) {
  const Datum x = counting({2, 6}, 0);
  const auto code = [&](const Shape& scale, const Shape& zero, int64_t axis, int64_t block) {
    const auto zeros = std::vector<int8_t>(static_cast<size_t>(zero.count()));
    return quantize(x, counting(scale, 1), tensor(zero, zeros), axis, block).status().code();
  };
  const auto invalid = StatusCode::kInvalidArgument;
  EXPECT_EQ(code({6}, {6}, 1, 0), StatusCode::kOk);
  EXPECT_EQ(code({5}, {5}, 1, 0), invalid);
  EXPECT_EQ(code({6}, {6}, 2, 0), invalid);
  EXPECT_EQ(code({6}, {6}, INT64_MIN, 0), invalid);
  EXPECT_EQ(code({6}, {5}, 1, 0), invalid);
  EXPECT_EQ(code({2, 3}, {2, 3}, 1, 2), StatusCode::kOk);
  EXPECT_EQ(code({2, 3}, {2, 3}, 1, 3), invalid);
  EXPECT_EQ(code({2, 3}, {2, 3}, 1, -2), invalid);
  EXPECT_EQ(code({2, 3}, {2, 3}, 1, INT64_MAX), invalid);
  const Datum sequence = Datum::of(std::make_shared<Sequence>());
  for (const Datum& zero : {tensor<float>({}, {0}), sequence}) {
    EXPECT_EQ(quantize(x, counting({}, 1), zero).status().code(), StatusCode::kUnimplemented);
  }
}

TEST(QuantizeLinear, ComesBackForEveryGranularity) {
  struct Case {
    Shape scale;
    int64_t axis, block;
  };
  const Shape shape{2, 5, 3};
  const Datum x = counting(shape, -14);
  for (const Case& c : {Case{{}, 0, 0}, Case{{2}, 0, 0}, Case{{5}, 1, 0}, Case{{3}, -1, 0},
                        Case{{2, 3, 3}, 1, 2}, Case{{2, 5, 2}, 2, 2}, Case{{1, 5, 3}, 0, 2}}) {
    const auto count = static_cast<size_t>(c.scale.count());
    std::vector<float> scales(count);
    for (size_t i = 0; i < count; ++i) scales[i] = 1 / static_cast<float>(1 << (i % 3));
    const std::vector<int8_t> zeros(count, 3);
    const auto codes =
        quantize(x, tensor(c.scale, scales), tensor(c.scale, zeros), c.axis, c.block);
    ASSERT_TRUE(codes.ok()) << codes.status().to_string();
    TestNode back("", "DequantizeLinear", 25, 3);
    back.set("axis", c.axis).set("block_size", c.block);
    const auto values = back.run({codes->front(), tensor(c.scale, scales), tensor(c.scale, zeros)});
    ASSERT_TRUE(values.ok()) << values.status().to_string();
    EXPECT_EQ(elements<float>(values->front()), elements<float>(x)) << c.scale.to_string();
  }
}

TEST(DequantizeLinear, IsExactForLargeIntegers) {
  const Datum x = tensor<int32_t>({2}, {2147483647, -2147483647});
  const Datum zero = tensor<int32_t>({}, {2147483646});
  const auto result =
      TestNode("", "DequantizeLinear", 25, 3).run({x, tensor<float>({}, {2}), zero});
  EXPECT_THAT(elements<float>(result->front()), ElementsAre(2.f, -8589934592.f));
}

TEST(DynamicQuantizeLinear, TakesAnyFloats) {
  const TestNode node("", "DynamicQuantizeLinear", 11, 1, 3);
  const auto none = node.run({tensor<float>({0}, {})});
  EXPECT_EQ(elements<float>((*none)[1])[0], 1);
  EXPECT_EQ(elements<uint8_t>((*none)[2])[0], 0);
  for (const float odd : {INFINITY, -INFINITY, std::nanf(""), 3e38f}) {
    EXPECT_TRUE(node.run({tensor<float>({2}, {odd, -3e38f})}).ok());
  }
  EXPECT_EQ(node.run({tensor<double>({1}, {1})}).status().code(), StatusCode::kUnimplemented);
}

TEST(MatMulInteger, TakesZeroPointsOfRowsAndColumns) {
  const Datum a = tensor<uint8_t>({2, 2}, {1, 2, 3, 4}), b = tensor<int8_t>({2, 2}, {1, 2, 3, 4});
  const TestNode node("", "MatMulInteger", 10, 4);
  const auto result = node.run({a, b, tensor<uint8_t>({2}, {1, 2}), tensor<int8_t>({2}, {1, -1})});
  // [[0, 1], [1, 2]] x [[0, 3], [2, 5]]
  EXPECT_THAT(elements<int32_t>(result->front()), ElementsAre(2, 5, 4, 13));
  const Datum three = tensor<uint8_t>({3}, {1, 2, 3});
  EXPECT_EQ(node.run({a, b, three, Datum()}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({a, b, Datum(), three}).status().code(), StatusCode::kInvalidArgument);
  const auto batches = node.run(
      {tensor<uint8_t>({2, 1, 2}, {1, 2, 3, 4}), b, tensor<uint8_t>({2, 1, 1}, {1, 3}), Datum()});
  EXPECT_THAT(elements<int32_t>(batches->front()), ElementsAre(3, 4, 3, 4));
}

}  // namespace
}  // namespace escuta::ops
