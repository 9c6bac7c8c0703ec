#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tensor/float16.h"

namespace escuta {
namespace {

TEST(DType, KnowsBitsAndNames) {
  EXPECT_EQ(dtype_name(DType::kFloat8E5M2), "float8e5m2");
  EXPECT_EQ(dtype_bits(DType::kUint4), 4);
  EXPECT_EQ(dtype_bytes(DType::kInt4, 3).value(), 2u);
  EXPECT_FALSE(dtype_bytes(DType::kString, 1).ok());
  EXPECT_FALSE(dtype_bytes(DType::kDouble, std::numeric_limits<int64_t>::max()).ok());
  EXPECT_FALSE(dtype_from_onnx(kMaxDType + 1).ok());
}

TEST(Shape, RefusesWhatCannotExist) {
  EXPECT_EQ((Shape{2, 3, 4}).count(), 24);
  EXPECT_EQ(Shape().count(), 1);
  EXPECT_EQ((Shape{2, 0}).count(), 0);
  const std::vector<int64_t> overflow = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_FALSE(Shape::create(overflow).ok());
  const std::vector<int64_t> negative = {-1};
  EXPECT_FALSE(Shape::create(negative).ok());
  const std::vector<int64_t> deep(kMaxRank + 1, 1);
  EXPECT_FALSE(Shape::create(deep).ok());
}

TEST(Shape, AnEmptyDimensionDoesNotHideAnOverflow) {
  const std::vector<int64_t> dims = {0, int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_FALSE(Shape::create(dims).ok());
}

TEST(Tensor, OwnsAlignedZeroes) {
  Result<Tensor> tensor = Tensor::create(DType::kFloat, {3, 5});
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->bytes().data()) % 64, 0u);
  for (const float v : tensor->as<float>()) EXPECT_EQ(v, 0.0f);
  const std::vector<int64_t> values = {1, 2, 3};
  EXPECT_FALSE(Tensor::of<int64_t>({2}, values).ok());
  EXPECT_EQ(Tensor::of<int64_t>({3}, values)->as<int64_t>()[2], 3);
}

TEST(Float16, RoundTripsEveryHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float wide = half_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(wide))));
    } else {
      ASSERT_EQ(float_to_half(wide), bits);
    }
  }
}

TEST(Float16, RoundsToNearestEven) {
  EXPECT_EQ(half_to_float(float_to_half(2049.0f)), 2048.0f);
  EXPECT_EQ(half_to_float(float_to_half(2051.0f)), 2052.0f);
  EXPECT_TRUE(std::isinf(half_to_float(float_to_half(65520.0f))));
  EXPECT_EQ(half_to_float(float_to_half(65519.0f)), 65504.0f);
  EXPECT_EQ(half_to_float(float_to_half(std::ldexp(1.0f, -25))), 0.0f);
  EXPECT_EQ(half_to_float(float_to_half(std::ldexp(3.0f, -25))), std::ldexp(4.0f, -25));
}

}  // namespace
}  // namespace escuta
