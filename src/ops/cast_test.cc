// Casts that the conformance suite does not have: strings, out-of-range numbers, version 1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;

Result<std::vector<Datum>> cast(const Datum& datum, DType to) {
  TestNode node("", "Cast", 25, 1);
  node.set("to", static_cast<int>(to));
  return node.run({datum});
}

template <typename To, typename From>
std::vector<To> cast_to(const std::vector<From>& values) {
  const auto result =
      cast(tensor<From>({static_cast<int64_t>(values.size())}, values), dtype_of<To>());
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() ? elements<To>(result->front()) : std::vector<To>();
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();

TEST(Cast, NumbersBecomeTheFewestDigits) {
  EXPECT_THAT(
      cast_to<std::string>(std::vector<float>{0.1f, 1000, -2.5f, 1e-7f, 1e20f, 0, NAN, -INFINITY}),
      ElementsAre("0.1", "1000.0", "-2.5", "1e-07", "1e+20", "0.0", "nan", "-inf"));
  EXPECT_THAT(cast_to<std::string>(std::vector<double>{0.1, 314.15926}),
              ElementsAre("0.1", "314.15926"));
  EXPECT_THAT(cast_to<std::string>(std::vector<Float16>{Float16(0.1f), Float16(65504)}),
              ElementsAre("0.1", "65500.0"));
  EXPECT_THAT(cast_to<std::string>(std::vector<uint64_t>{18446744073709551615u}),
              ElementsAre("18446744073709551615"));
  EXPECT_THAT(cast_to<std::string>(std::vector<int8_t>{-128}), ElementsAre("-128"));
}

TEST(Cast, TextBecomesNumbers) {
  using Strings = std::vector<std::string>;
  EXPECT_THAT(cast_to<float>(Strings{"3.14", "1E8", "+INF", "-inf", " 7 ", "+0.5"}),
              ElementsAre(3.14f, 1e8f, INFINITY, -INFINITY, 7.f, 0.5f));
  EXPECT_TRUE(std::isnan(cast_to<double>(Strings{"NaN"})[0]));
  EXPECT_THAT(cast_to<int64_t>(Strings{"9223372036854775807", "-5", "100.5", "1e30"}),
              ElementsAre(kMax64, -5, 100, kMax64));
  EXPECT_THAT(cast_to<uint64_t>(Strings{"18446744073709551615"}),
              ElementsAre(18446744073709551615u));
  EXPECT_THAT(cast_to<bool>(Strings{"True", "False", "0", "2"}),
              ElementsAre(true, false, false, true));
  const auto packed = cast(tensor<std::string>({3}, {"1", "-2", "7"}), DType::kInt4);
  EXPECT_EQ(packed->front().bytes()[0], std::byte{0xe1});
  EXPECT_EQ(packed->front().bytes()[1], std::byte{0x07});
  for (const char* text : {"Hello", "", "1 2", "0x10", "+-1", "\xff"}) {
    EXPECT_EQ(cast(tensor<std::string>({1}, {text}), DType::kFloat).status().code(),
              StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(Cast, EveryFloatHasAnInteger) {
  const std::vector<double> values = {1e300, -1e300, std::nan(""), kInfinity, -1.9, 300};
  EXPECT_THAT(cast_to<int64_t>(values), ElementsAre(kMax64, kMin64, 0, kMax64, -1, 300));
  EXPECT_THAT(cast_to<int32_t>(values),
              ElementsAre(2147483647, -2147483648, 0, 2147483647, -1, 300));
  EXPECT_THAT(cast_to<uint64_t>(std::vector<double>{1e19, 1e300, -1, std::nan("")}),
              ElementsAre(10000000000000000000u, 18446744073709551615u, 18446744073709551615u, 0));
  EXPECT_THAT(cast_to<uint8_t>(std::vector<float>{300, -1, 255.9f}), ElementsAre(44, 255, 255));
  EXPECT_THAT(cast_to<bool>(values), ElementsAre(true, true, true, true, true, true));
}

TEST(Cast, IntegersKeepTheirLowBits) {
  EXPECT_THAT(cast_to<int8_t>(std::vector<int16_t>{200, -129}), ElementsAre(-56, 127));
  EXPECT_THAT(cast_to<uint32_t>(std::vector<int64_t>{-1}), ElementsAre(4294967295u));
  EXPECT_THAT(cast_to<float>(std::vector<uint64_t>{18446744073709551615u}),
              ElementsAre(18446744073709551616.f));
}

TEST(Cast, TakesTheTypeByNameInVersion1) {
  TestNode node("", "Cast", 1, 1);
  node.set("to", "INT64");
  EXPECT_THAT(elements<int64_t>(node.run({tensor<float>({1}, {2.5f})})->front()), ElementsAre(2));
  TestNode nonsense("", "Cast", 1, 1);
  nonsense.set("to", "QUATERNION");
  EXPECT_EQ(nonsense.create_status().code(), StatusCode::kInvalidArgument);
}

TEST(Cast, RefusesWhatIsNotANumber) {
  EXPECT_EQ(cast(tensor<float>({1}, {1}), DType::kComplex64).status().code(),
            StatusCode::kUnimplemented);
  EXPECT_EQ(cast(Datum(), DType::kFloat).status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(TestNode("", "Cast", 25, 1).create_status().code(), StatusCode::kInvalidArgument);
  TestNode like("", "CastLike", 25, 2);
  EXPECT_EQ(like.run({tensor<float>({1}, {1}), Datum()}).status().code(),
            StatusCode::kUnimplemented);
}

TEST(Cast, OfShapesKeepsWhatIsKnown) {
  Fact fact;
  fact.dtype = DType::kInt64;
  fact.shape = Dims{Dim(int64_t{3})};
  fact.elements = Dims{Dim("batch"), Dim(int64_t{5}), Dim(int64_t{1} << 40)};
  TestNode node("", "Cast", 13, 1);
  node.set("to", static_cast<int>(DType::kInt32));
  const auto inferred = node.infer({fact});
  EXPECT_THAT(inferred->front().elements,
              testing::Optional(ElementsAre(Dim("batch"), Dim(int64_t{5}), Dim())));
}

TEST(BitCast, MakesBoolsOfBytes) {
  TestNode node("", "BitCast", 26, 1);
  node.set("to", static_cast<int>(DType::kBool));
  EXPECT_THAT(elements<bool>(node.run({tensor<uint8_t>({3}, {0, 1, 7})})->front()),
              ElementsAre(false, true, true));
  EXPECT_EQ(node.run({tensor<float>({1}, {1})}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escuta::ops
