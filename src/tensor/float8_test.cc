#include "tensor/float8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tensor/float16.h"

namespace escuta {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Type {
  DType dtype;
  double largest;
  double smallest;  // positive
  bool has_minus_zero;
  bool has_infinity;
};

const Type kTypes[] = {
    {DType::kFloat8E4M3FN, 448, 0x1p-9, true, false},
    {DType::kFloat8E4M3FNUZ, 240, 0x1p-10, false, false},
    {DType::kFloat8E5M2, 57344, 0x1p-16, true, true},
    {DType::kFloat8E5M2FNUZ, 57344, 0x1p-17, false, false},
    {DType::kFloat4E2M1, 6, 0.5, true, false},
};

int codes(DType dtype) { return 1 << dtype_bits(dtype); }

TEST(Float8, EveryCodeSurvivesItsValue) {
  for (const Type& type : kTypes) {
    const float* values = small_float_values(type.dtype);
    for (int code = 0; code < codes(type.dtype); ++code) {
      for (const bool saturate : {false, true}) {
        if (std::isinf(values[code]) && saturate) continue;
        const uint8_t back = to_small_float(type.dtype, values[code], saturate);
        if (std::isnan(values[code])) {
          EXPECT_TRUE(std::isnan(values[back])) << dtype_name(type.dtype) << " " << code;
        } else {
          EXPECT_EQ(back, code) << dtype_name(type.dtype) << " " << values[code];
        }
      }
    }
  }
}

TEST(Float8, BetweenNeighboursRoundsToTheNearerAndTiesToEven) {
  for (const Type& type : kTypes) {
    const float* values = small_float_values(type.dtype);
    for (int code = 0; code + 1 < codes(type.dtype) / 2; ++code) {
      const double low = values[code], high = values[code + 1];
      if (!(high <= type.largest)) break;
      ASSERT_LT(low, high);
      const double middle = (low + high) / 2;
      const int even = code % 2 == 0 ? code : code + 1;
      EXPECT_EQ(to_small_float(type.dtype, middle, false), even);
      EXPECT_EQ(to_small_float(type.dtype, std::nextafter(middle, 0), false), code);
      EXPECT_EQ(to_small_float(type.dtype, std::nextafter(middle, 1e9), false), code + 1);
      EXPECT_EQ(values[to_small_float(type.dtype, -middle, false)], -values[even]);
    }
  }
}

TEST(Float8, EndsOfTheRange) {
  for (const Type& type : kTypes) {
    const float* values = small_float_values(type.dtype);
    const auto through = [&](double value, bool saturate) {
      return values[to_small_float(type.dtype, value, saturate)];
    };
    for (const double large : {type.largest * 1.5, 1e300, kInfinity}) {
      EXPECT_EQ(through(large, true), type.largest);
      EXPECT_EQ(through(-large, true), -type.largest);
      if (type.has_infinity) {
        EXPECT_EQ(through(-large, false), -kInfinity);
      }
      if (!type.has_infinity && type.dtype != DType::kFloat4E2M1) {
        EXPECT_TRUE(std::isnan(through(large, false)));
      }
    }
    EXPECT_EQ(through(type.smallest, false), type.smallest);
    EXPECT_EQ(through(type.smallest / 2, false), 0);  // a tie: 0 is even
    EXPECT_EQ(through(5e-324, false), 0);
    EXPECT_EQ(std::signbit(through(-0.0, false)), type.has_minus_zero);
    if (type.dtype != DType::kFloat4E2M1) {
      EXPECT_TRUE(std::isnan(through(kNan, true)));
    }
  }
}

TEST(Float8, PowersOfTwo) {
  const float* values = small_float_values(DType::kFloat8E8M0);
  using R = PowerRounding;
  for (const R rounding : {R::kUp, R::kDown, R::kNearest}) {
    for (int code = 0; code < 255; ++code) {
      EXPECT_EQ(values[code], std::ldexp(1.0, code - 127));
      EXPECT_EQ(to_float8e8m0(values[code], false, rounding), code);
    }
  }
  EXPECT_EQ(values[to_float8e8m0(1.1, true, R::kUp)], 2);
  EXPECT_EQ(values[to_float8e8m0(1.9, true, R::kDown)], 1);
  EXPECT_EQ(values[to_float8e8m0(1.4, true, R::kNearest)], 1);
  EXPECT_EQ(values[to_float8e8m0(1.5, true, R::kNearest)], 2);
  EXPECT_EQ(to_float8e8m0(0, true, R::kUp), 0);
  EXPECT_EQ(to_float8e8m0(kInfinity, true, R::kUp), 254);
  EXPECT_EQ(to_float8e8m0(0x1.8p127, true, R::kUp), 254);
  for (const double outside : {0.0, kInfinity, 0x1p128, 1e-200, kNan}) {
    EXPECT_EQ(to_float8e8m0(outside, false, R::kNearest), 255);
  }
}

TEST(Float8, HalfFromDoubleRoundsOnce) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    EXPECT_EQ(double_to_half(half_to_float(half)), half);
  }
  // Through float this would round to the tie, and then down to even.
  EXPECT_EQ(double_to_half(1 + 0x1p-11 + 0x1p-40), 0x3c01);
  EXPECT_EQ(double_to_half(1 + 0x1p-11), 0x3c00);
  EXPECT_EQ(double_to_half(65520), 0x7c00);
  EXPECT_EQ(double_to_half(-1e300), 0xfc00);
  EXPECT_EQ(double_to_bfloat16(1 + 0x1p-8 + 0x1p-40), 0x3f81);
  EXPECT_EQ(double_to_bfloat16(1), 0x3f80);
  EXPECT_EQ(double_to_bfloat16(0x1p-133), 1);  // subnormal
  EXPECT_EQ(double_to_bfloat16(1e300), 0x7f80);
}

}  // namespace
}  // namespace escuta
