// Products where the conformance suite does not reach: integers, shapes that do not fit, equations
// that make no sense, many operands, inference with unknowns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using graph::Dim;
using graph::Fact;
using testing::ElementsAre;

Fact fact(std::vector<Dim> dims) {
  Fact result;
  result.dtype = DType::kFloat;
  result.shape = std::move(dims);
  return result;
}

const Dim kB("batch"), kT("time"), kTwo(int64_t{2}), kThree(int64_t{3});

TEST(MatMul, IntegersWrapAround) {
  const auto result =
      TestNode("", "MatMul", 13, 2)
          .run({tensor<int32_t>({1, 2}, {1 << 30, 1 << 30}), tensor<int32_t>({2, 1}, {1, 1})});
  EXPECT_THAT(elements<int32_t>(result->front()), ElementsAre(INT32_MIN));
}

TEST(MatMul, RefusesWhatDoesNotFit) {
  const TestNode node("", "MatMul", 13, 2);
  const Datum a = tensor<float>({1, 2}, {1, 2}), scalar = tensor<float>({}, {1});
  EXPECT_EQ(node.run({a, a}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({a, scalar}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({a, tensor<double>({2}, {1, 2})}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({a, Datum()}).status().code(), StatusCode::kInvalidArgument);
}

TEST(MatMul, InfersWithSymbols) {
  const TestNode node("", "MatMul", 13, 2);
  const auto matrices = node.infer({fact({kB, kT, kTwo}), fact({kTwo, kThree})});
  EXPECT_EQ(*matrices->front().shape, (std::vector<Dim>{kB, kT, kThree}));
  const auto vector = node.infer({fact({kB, kT, kTwo}), fact({kTwo})});
  EXPECT_EQ(*vector->front().shape, (std::vector<Dim>{kB, kT}));
  EXPECT_FALSE(node.infer({fact({kB, kTwo}), fact({kThree, kT})}).ok());
  EXPECT_FALSE(node.infer({fact({kB, kTwo}), Fact()})->front().shape.has_value());
}

TEST(Gemm, ScalesIntegersWithinTheirRange) {
  TestNode node("", "Gemm", 13, 3);
  node.set("alpha", 1.5F);
  const auto result = node.run({tensor<int32_t>({1, 1}, {1 << 20}),
                                tensor<int32_t>({1, 2}, {1, 1 << 10}), tensor<int32_t>({}, {1})});
  EXPECT_THAT(elements<int32_t>(result->front()), ElementsAre((3 << 19) + 1, 1610612737));
}

TEST(Gemm, RefusesWhatDoesNotFit) {
  const TestNode node("", "Gemm", 13, 3);
  const Datum a = tensor<float>({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(node.run({a, a, tensor<float>({3}, {1, 2, 3})}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({a, a, tensor<float>({2, 2, 1}, {1, 2, 3, 4})}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({a, tensor<float>({2}, {1, 2}), Datum()}).status().code(),
            StatusCode::kInvalidArgument);
}

Result<std::vector<Datum>> einsum(const char* equation, const std::vector<Datum>& operands) {
  return TestNode("", "Einsum", 12, operands.size()).set("equation", equation).run(operands);
}

// Twelve vectors of 1000 elements: 10^36 terms, if one went through all of them.
TEST(Einsum, SumsEarly) {
  std::vector<float> ones(1000, 1.0F);
  const std::vector<Datum> operands(12, tensor({1000}, ones));
  const auto result = einsum("a,b,c,d,e,f,g,h,i,j,k,l->", operands);
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_FLOAT_EQ(elements<float>(result->front()).front(), 1e36F);
}

TEST(Einsum, RefusesOuterProductsThatFitNoMemory) {
  const std::vector<float> ones(1 << 18, 1.0F);
  const std::vector<Datum> operands(3, tensor({1 << 18}, ones));
  EXPECT_EQ(einsum("a,b,c->abc", operands).status().code(), StatusCode::kResourceExhausted);
}

TEST(Einsum, RefusesEquationsThatMakeNoSense) {
  const Datum a = tensor<float>({2, 2}, {1, 2, 3, 4});
  for (const char* equation : {"ij,jk", "i", "ijk", "ij->ii", "ij->k", "i1->i", "......", "ij->...",
                               "ij->i->j", "i.j", "ij-"}) {
    EXPECT_EQ(einsum(equation, {a}).status().code(), StatusCode::kInvalidArgument) << equation;
  }
  EXPECT_EQ(einsum("ij,jk", {a, tensor<float>({3, 1}, {1, 2, 3})}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(einsum("ii", {tensor<float>({1, 3}, {1, 2, 3})}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Einsum, InfersWithSymbols) {
  TestNode node("", "Einsum", 12, 2);
  node.set("equation", "...ij,jk->...ik");
  const auto known = node.infer({fact({kB, kT, kTwo}), fact({kTwo, kThree})});
  EXPECT_EQ(*known->front().shape, (std::vector<Dim>{kB, kT, kThree}));
  EXPECT_FALSE(node.infer({Fact(), fact({kTwo, kThree})})->front().shape.has_value());
  TestNode plain("", "Einsum", 12, 2);
  plain.set("equation", "ij,jk->ik");
  const auto half = plain.infer({Fact(), fact({kTwo, kThree})});
  EXPECT_EQ(*half->front().shape, (std::vector<Dim>{Dim(), kThree}));
  EXPECT_FALSE(plain.infer({fact({kB}), fact({kTwo, kThree})}).ok());
}

}  // namespace
}  // namespace escuta::ops
