#include "compare.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "element_value.h"

namespace escuta::conformance {
namespace {

using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <typename T>
Datum tensor(const Shape& shape, const std::vector<T>& values) {
  return Datum::of<T>(shape, values).value();
}

Datum floats(const std::vector<float>& values) {
  return Datum::of<float>({static_cast<int64_t>(values.size())}, values).value();
}

Datum packed(DType dtype, int64_t count, std::vector<uint8_t> bytes) {
  Datum datum = Datum::create(dtype, {count}).value();
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(datum.mutable_bytes()));
  return datum;
}

Datum sequence(std::vector<Datum> items) {
  return Datum::of(std::make_shared<const Sequence>(Sequence{DType::kFloat, std::move(items)}));
}

std::string compare(const Datum& expected, const Datum& found) {
  return difference(expected, found, {});
}

TEST(Compare, WithinToleranceIsEqual) {
  EXPECT_EQ(compare(floats({1000, 0, -2}), floats({1000.9f, 0.9e-7f, -2.0019f})), "");
  EXPECT_EQ(compare(floats({1, 1000}), floats({1, 1001.1f})),
            "[1]: expected 1000, found 1001.09998 (1 of 2 elements differ; at most 1.1 absolute, "
            "0.0011 relative)");
  EXPECT_THAT(compare(floats({0}), floats({2e-7f})), HasSubstr("expected 0, found 2.0"));
}

TEST(Compare, NanAndInfinity) {
  EXPECT_EQ(compare(floats({kNan, kInfinity, -kInfinity}), floats({kNan, kInfinity, -kInfinity})),
            "");
  EXPECT_THAT(compare(floats({kNan}), floats({1})), HasSubstr("expected nan, found 1"));
  EXPECT_THAT(compare(floats({1}), floats({kNan})), HasSubstr("expected 1, found nan"));
  EXPECT_THAT(compare(floats({kInfinity}), floats({-kInfinity})), HasSubstr("found -inf"));
  EXPECT_THAT(compare(floats({kInfinity}), floats({3e38f})), HasSubstr("expected inf"));
  EXPECT_THAT(compare(floats({3e38f}), floats({kInfinity})), HasSubstr("found inf"));
}

TEST(Compare, TypesAndShapesMustMatch) {
  EXPECT_EQ(compare(floats({1}), tensor<double>({1}, {1})), "expected float [1], found double [1]");
  EXPECT_EQ(compare(floats({1}), tensor<float>({}, {1})), "expected float [1], found float []");
  EXPECT_EQ(compare(floats({1}), Datum()), "expected a tensor, found nothing");
  EXPECT_EQ(compare(Datum(), Datum()), "");
}

TEST(Compare, IntegersAndBooleans) {
  EXPECT_EQ(compare(tensor<int64_t>({2}, {5, 4000}), tensor<int64_t>({2}, {5, 4004})), "");
  EXPECT_THAT(compare(tensor<int64_t>({1}, {5}), tensor<int64_t>({1}, {6})),
              HasSubstr("expected 5, found 6"));
  // Neighbours that double cannot tell apart.
  EXPECT_THAT(difference(tensor<uint64_t>({1}, {UINT64_MAX}),
                         tensor<uint64_t>({1}, {UINT64_MAX - 1}), {0, 0}),
              HasSubstr("1 of 1 elements"));
  EXPECT_THAT(compare(packed(DType::kBool, 2, {1, 0}), packed(DType::kBool, 2, {1, 1})),
              HasSubstr("[1]: expected 0, found 1"));
}

TEST(Compare, Strings) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(compare(tensor<std::string>({2}, Strings{"a", "b"}),
                    tensor<std::string>({2}, Strings{"a", "b"})),
            "");
  EXPECT_EQ(compare(tensor<std::string>({2, 1}, Strings{"a", "b"}),
                    tensor<std::string>({2, 1}, Strings{"a", "B"})),
            "[1, 0]: expected `b`, found `B`");
}

TEST(Compare, SequencesItemByItem) {
  EXPECT_EQ(
      compare(sequence({floats({1}), floats({2, 3})}), sequence({floats({1}), floats({2, 3})})),
      "");
  EXPECT_EQ(compare(sequence({floats({1})}), sequence({})),
            "expected a sequence of 1, found one of 0");
  EXPECT_THAT(compare(sequence({floats({1}), floats({2})}), sequence({floats({1}), floats({3})})),
              HasSubstr("item 1: [0]: expected 2, found 3"));
}

TEST(Compare, MapsByKeyAndValue) {
  const auto map = [](const std::vector<int64_t>& keys, const std::vector<float>& values) {
    const Shape shape{static_cast<int64_t>(keys.size())};
    return Datum::of(
        std::make_shared<const Map>(Map{tensor<int64_t>(shape, keys), floats(values)}));
  };
  EXPECT_EQ(compare(map({1, 2}, {3, 4}), map({1, 2}, {3, 4})), "");
  EXPECT_THAT(compare(map({1, 5000}, {3, 4}), map({1, 5001}, {3, 4})), HasSubstr("keys: [1]"));
  EXPECT_THAT(compare(map({1, 2}, {3, 4}), map({1, 2}, {3, 5})), HasSubstr("values: [1]"));
}

TEST(Compare, PackedElements) {
  EXPECT_THAT(compare(packed(DType::kInt4, 3, {0xf1, 0x07}), packed(DType::kInt4, 3, {0xe1, 0x07})),
              HasSubstr("[1]: expected -1, found -2"));
  // What is beyond the last element does not count.
  EXPECT_EQ(compare(packed(DType::kUint2, 3, {0x1b}), packed(DType::kUint2, 3, {0xdb})), "");
}

// Values from the tables of the OCP 8-bit and microscaling formats, and of IEEE 754.
TEST(ElementValue, SmallTypes) {
  const auto value = [](DType dtype, std::vector<uint8_t> bytes, int64_t index = 0) {
    return static_cast<double>(
        element_value(dtype, reinterpret_cast<const std::byte*>(bytes.data()), index).real());
  };
  EXPECT_EQ(value(DType::kFloat16, {0x01, 0x3c}), 1 + 0x1p-10);
  EXPECT_EQ(value(DType::kFloat16, {0x01, 0x80}), -0x1p-24);
  EXPECT_EQ(value(DType::kFloat16, {0x00, 0xfc}), -INFINITY);
  EXPECT_EQ(value(DType::kBfloat16, {0x81, 0x3f}), 1 + 0x1p-7);
  EXPECT_EQ(value(DType::kFloat8E4M3FN, {0x7e}), 448);
  EXPECT_TRUE(std::isnan(value(DType::kFloat8E4M3FN, {0xff})));
  EXPECT_EQ(value(DType::kFloat8E4M3FN, {0x01}), 0x1p-9);
  EXPECT_EQ(value(DType::kFloat8E4M3FNUZ, {0x7f}), 240);
  EXPECT_TRUE(std::isnan(value(DType::kFloat8E4M3FNUZ, {0x80})));
  EXPECT_EQ(value(DType::kFloat8E5M2, {0x7b}), 57344);
  EXPECT_EQ(value(DType::kFloat8E5M2, {0xfc}), -INFINITY);
  EXPECT_TRUE(std::isnan(value(DType::kFloat8E5M2, {0x7d})));
  EXPECT_EQ(value(DType::kFloat8E5M2FNUZ, {0xff}), -57344);
  EXPECT_EQ(value(DType::kFloat8E8M0, {0x7f}), 1);
  EXPECT_EQ(value(DType::kFloat8E8M0, {0x00}), 0x1p-127);
  EXPECT_TRUE(std::isnan(value(DType::kFloat8E8M0, {0xff})));
  EXPECT_EQ(value(DType::kFloat4E2M1, {0xf7}, 0), 6);
  EXPECT_EQ(value(DType::kFloat4E2M1, {0xf1}, 1), -6);
  EXPECT_EQ(value(DType::kFloat4E2M1, {0xf1}, 0), 0.5);
  EXPECT_EQ(value(DType::kInt2, {0xb4}, 2), -1);
  EXPECT_EQ(value(DType::kInt2, {0xb4}, 3), -2);
}

}  // namespace
}  // namespace escuta::conformance
