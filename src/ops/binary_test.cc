// Element-wise operators where the conformance suite does not reach: operands for which C++ defines
// nothing, version 1's broadcasting, shape arithmetic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

template <typename T>
std::vector<T> run_pair(const char* name, int version, const std::vector<T>& a,
                        const std::vector<T>& b) {
  const auto shape = [](const std::vector<T>& v) { return Shape{static_cast<int64_t>(v.size())}; };
  const auto result =
      TestNode("", name, version, 2).run({tensor(shape(a), a), tensor(shape(b), b)});
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() ? elements<T>(result->front()) : std::vector<T>();
}

constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
constexpr int32_t kMax = std::numeric_limits<int32_t>::max();

TEST(Arithmetic, IntegersWrapAround) {
  EXPECT_THAT(run_pair<int32_t>("Add", 14, {kMax, 1}, {1, 2}), ElementsAre(kMin, 3));
  EXPECT_THAT(run_pair<int32_t>("Sub", 14, {kMin, 1}, {1, 2}), ElementsAre(kMax, -1));
  EXPECT_THAT(run_pair<int32_t>("Mul", 14, {kMin, 65536}, {-1, 65536}), ElementsAre(kMin, 0));
  EXPECT_THAT(run_pair<uint16_t>("Mul", 14, {65535}, {65535}), ElementsAre(1));
  const auto negated = TestNode("", "Neg", 13, 1).run({tensor<int32_t>({1}, {kMin})});
  EXPECT_THAT(elements<int32_t>(negated->front()), ElementsAre(kMin));
  const auto absolute = TestNode("", "Abs", 13, 1).run({tensor<int32_t>({1}, {kMin})});
  EXPECT_THAT(elements<int32_t>(absolute->front()), ElementsAre(kMin));
}

TEST(Arithmetic, IntegersDivideTowardsZeroAndByZeroToZero) {
  EXPECT_THAT(run_pair<int32_t>("Div", 14, {7, -7, 7, kMin, 5}, {2, 2, -2, -1, 0}),
              ElementsAre(3, -3, -3, kMin, 0));
  EXPECT_THAT(run_pair<int32_t>("Mod", 13, {7, -7, 7, kMin, 5}, {3, 3, -3, -1, 0}),
              ElementsAre(1, 2, -2, 0, 0));
  EXPECT_THAT(run_pair<uint8_t>("Div", 14, {200}, {0}), ElementsAre(0));
}

TEST(Arithmetic, PowersOfIntegers) {
  EXPECT_THAT(run_pair<int64_t>("Pow", 15, {3, -1, -1, 1, 0, 2, 2}, {39, -3, -2, -9, -1, -1, 64}),
              ElementsAre(4052555153018976267, -1, 1, 1, 0, 0, 0));
  const auto overflow =
      TestNode("", "Pow", 15, 2).run({tensor<int32_t>({2}, {10, -10}), tensor<float>({}, {11})});
  EXPECT_THAT(elements<int32_t>(overflow->front()), ElementsAre(kMax, kMin));
}

TEST(Arithmetic, ShiftsByTheWidthGiveZero) {
  TestNode node("", "BitShift", 11, 2);
  node.set("direction", "LEFT");
  const auto result =
      node.run({tensor<uint8_t>({3}, {1, 1, 255}), tensor<uint8_t>({3}, {7, 8, 255})});
  EXPECT_THAT(elements<uint8_t>(result->front()), ElementsAre(128, 0, 0));
  EXPECT_EQ(TestNode("", "BitShift", 11, 2).create_status().code(), StatusCode::kInvalidArgument);
}

TEST(Arithmetic, RefusesWhatDoesNotFit) {
  const Datum three = tensor<float>({3}, {1, 2, 3}), two = tensor<float>({2}, {1, 2});
  const TestNode add("", "Add", 14, 2);
  EXPECT_EQ(add.run({three, two}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(add.run({three, tensor<int32_t>({3}, {1, 2, 3})}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(add.run({Datum::of(std::make_shared<Sequence>()), Datum()}).status().code(),
            StatusCode::kUnimplemented);
  EXPECT_EQ(TestNode("", "Max", 13, 2).run({three, Datum()}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Arithmetic, BroadcastsTowardsAnAxisBeforeVersion7) {
  TestNode node("", "Add", 6, 2);
  node.set("broadcast", 1).set("axis", 0);
  const Datum a = tensor<float>({2, 3}, {0, 0, 0, 0, 0, 0}), b = tensor<float>({2}, {1, 2});
  EXPECT_THAT(elements<float>(node.run({a, b})->front()), ElementsAre(1, 1, 1, 2, 2, 2));
  EXPECT_EQ(node.run({b, a}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TestNode("", "Add", 6, 2).run({a, b}).status().code(), StatusCode::kInvalidArgument);
  const Datum row = tensor<float>({1, 3}, {1, 2, 3});  // only the second input grows
  EXPECT_EQ(node.run({row, a}).status().code(), StatusCode::kInvalidArgument);
  const auto sum = TestNode("", "Add", 6, 2).run({b, tensor<float>({1, 1, 1}, {1})});
  EXPECT_EQ(sum->front().shape(), Shape{2});  // one element never adds dimensions
}

TEST(Elementwise, BoolsOfAnyByteAreTrue) {
  const std::byte bytes[] = {std::byte{0}, std::byte{2}, std::byte{1}};
  const Datum odd = Datum::borrow(DType::kBool, Shape{3}, bytes);
  const Datum ones = tensor<int32_t>({3}, {1, 1, 1}), twos = tensor<int32_t>({3}, {2, 2, 2});
  const auto chosen = TestNode("", "Where", 16, 3).run({odd, ones, twos});
  EXPECT_THAT(elements<int32_t>(chosen->front()), ElementsAre(2, 1, 1));
  const auto inverted = TestNode("", "Not", 1, 1).run({odd});
  EXPECT_THAT(elements<bool>(inverted->front()), ElementsAre(true, false, false));
  const auto different = TestNode("", "Xor", 7, 2).run({odd, inverted->front()});
  EXPECT_THAT(elements<bool>(different->front()), ElementsAre(true, true, true));
}

TEST(Elementwise, NanStays) {
  const float nan = std::nanf("");
  for (const char* name : {"Relu", "Sign", "HardSigmoid", "HardSwish", "Clip"}) {
    const auto result = TestNode("", name, 14, 1).run({tensor<float>({1}, {nan})});
    EXPECT_TRUE(std::isnan(elements<float>(result->front())[0])) << name;
  }
  EXPECT_TRUE(std::isnan(run_pair<float>("Max", 13, {nan}, {1})[0]));
  EXPECT_TRUE(std::isnan(run_pair<float>("Min", 13, {1}, {nan})[0]));
}

Fact ints(const std::vector<int64_t>& values) {
  auto constant = std::make_shared<graph::Constant>();
  auto owner = std::make_shared<std::vector<int64_t>>(values);
  constant->dtype = DType::kInt64;
  constant->shape = Shape{static_cast<int64_t>(values.size())};
  constant->bytes = std::as_bytes(std::span<const int64_t>(*owner));
  constant->owner = owner;
  return Fact::of(constant);
}

Fact shape_like(const Dims& dims) {
  Fact fact;
  fact.dtype = DType::kInt64;
  fact.shape = Dims{Dim(static_cast<int64_t>(dims.size()))};
  fact.elements = dims;
  return fact;
}

Dim number(int64_t value) { return Dim(value); }

std::optional<Dims> inferred(const char* name, const Fact& a, const Fact& b) {
  const auto facts = TestNode("", name, 13, 2).infer({a, b});
  return facts.ok() ? facts->front().elements : std::nullopt;
}

TEST(ShapeArithmetic, KeepsSymbolsWhereTheOtherSideChangesNothing) {
  const Dim batch("batch");
  const Fact dims = shape_like({batch, number(6), Dim()});
  EXPECT_THAT(inferred("Add", dims, ints({0, 1, 1})),
              Optional(ElementsAre(batch, number(7), Dim())));
  EXPECT_THAT(inferred("Sub", dims, ints({0, 7, 1})), Optional(ElementsAre(batch, Dim(), Dim())));
  EXPECT_THAT(inferred("Sub", dims, dims), Optional(ElementsAre(number(0), number(0), Dim())));
  EXPECT_THAT(inferred("Mul", dims, ints({1, -1, 0})),
              Optional(ElementsAre(batch, Dim(), number(0))));
  EXPECT_THAT(inferred("Div", dims, ints({1, 4, 2})),
              Optional(ElementsAre(batch, number(1), Dim())));
  EXPECT_THAT(inferred("Mod", dims, ints({1, 4, 2})),
              Optional(ElementsAre(Dim(), number(2), Dim())));
  EXPECT_THAT(inferred("Max", dims, ints({9})), Optional(ElementsAre(Dim(), number(9), Dim())));
}

TEST(ShapeArithmetic, CountsWithNegativeConstants) {
  const Fact five = shape_like({number(5)});
  EXPECT_THAT(inferred("Add", five, ints({-2})), Optional(ElementsAre(number(3))));
  EXPECT_THAT(inferred("Mul", ints({std::numeric_limits<int64_t>::max()}), five),
              Optional(ElementsAre(Dim())));
}

TEST(ShapeArithmetic, ClaimsNothingAboutMatricesAndOtherTypes) {
  Fact matrix = ints({1, 2});
  matrix.shape = Dims{number(2), number(1)};
  EXPECT_THAT(inferred("Add", matrix, shape_like({number(1), number(2)})), Eq(std::nullopt));
  EXPECT_THAT(inferred("Add", shape_like({number(1)}), Fact()), Eq(std::nullopt));
  EXPECT_THAT(inferred("Add", shape_like({number(1), number(2), number(3)}), ints({1, 2})),
              Eq(std::nullopt));
  const auto negated = TestNode("", "Neg", 13, 1).infer({shape_like({number(1)})});
  EXPECT_THAT(negated->front().elements, Eq(std::nullopt));
}

TEST(ShapeArithmetic, WhereTakesWhatTheConditionSays) {
  auto condition = std::make_shared<graph::Constant>();
  auto owner = std::make_shared<std::vector<uint8_t>>(std::vector<uint8_t>{1, 0});
  condition->dtype = DType::kBool;
  condition->shape = Shape{2};
  condition->bytes = std::as_bytes(std::span<const uint8_t>(*owner));
  condition->owner = owner;
  const Dim batch("batch");
  const Fact x = ints({1}), y = shape_like({batch, batch});
  const TestNode where("", "Where", 16, 3);
  EXPECT_THAT(where.infer({Fact::of(condition), x, y})->front().elements,
              Optional(ElementsAre(number(1), batch)));
  Fact unknown;
  unknown.dtype = DType::kBool;
  unknown.shape = Dims{number(2)};
  EXPECT_THAT(where.infer({unknown, y, y})->front().elements, Optional(ElementsAre(batch, batch)));
  EXPECT_THAT(where.infer({unknown, x, y})->front().elements, Optional(ElementsAre(Dim(), Dim())));
}

TEST(ShapeArithmetic, RangeOverASymbolHasItsLength) {
  Fact limit = shape_like({Dim("time")});
  limit.shape = Dims{};
  Fact start = ints({0}), delta = ints({1});
  const TestNode range("", "Range", 11, 3);
  EXPECT_THAT(range.infer({start, limit, delta})->front().shape,
              Optional(ElementsAre(Dim("time"))));
  EXPECT_THAT(range.infer({start, limit, ints({2})})->front().shape, Optional(ElementsAre(Dim())));
  const auto down = range.infer({ints({2}), ints({-2}), ints({-2})});
  EXPECT_THAT(down->front().shape, Optional(ElementsAre(number(2))));
  EXPECT_THAT(down->front().elements, Optional(ElementsAre(number(2), number(0))));
}

}  // namespace
}  // namespace escuta::ops
