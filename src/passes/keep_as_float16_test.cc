#include "passes/keep_as_float16.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "passes/infer.h"
#include "passes/test_model.h"
#include "tensor/float16.h"

namespace escuta::passes {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

Datum halves_of(const Datum& floats) {
  Datum datum = Datum::create(DType::kFloat16, floats.shape()).value();
  float_to_half(floats.as<float>(), {reinterpret_cast<uint16_t*>(datum.mutable_bytes()),
                                     static_cast<size_t>(floats.count())});
  return datum;
}

Datum floats_of(const Datum& halves) {
  Datum datum = Datum::create(DType::kFloat, halves.shape()).value();
  half_to_float(
      {reinterpret_cast<const uint16_t*>(halves.bytes()), static_cast<size_t>(halves.count())},
      {datum.mutable_data<float>(), static_cast<size_t>(halves.count())});
  return datum;
}

void expect_equal(const Datum& a, const Datum& b) {
  ASSERT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_EQ(std::memcmp(a.bytes(), b.bytes(), a.byte_size()), 0);
}

// Attention of q over keys and values k and v.
void attend(TestModel& model) {
  model.node("MultiHeadAttention", {"q", "k", "v"}, {"y"}, {attribute_of("num_heads", int64_t{2})},
             "com.microsoft");
}

constexpr const char* kRows[] = {"b", "2", "s", "5"};
Strings rows() { return {std::begin(kRows), std::end(kRows)}; }

TEST(KeepAsFloat16, AttentionReadsInputsAsTheyAre) {
  TestModel model;
  model.input("q", {"b", "t", "10"}).input("k", rows()).input("v", rows());
  attend(model);
  model.outputs({"y"});
  ASSERT_TRUE(infer(model.model()).ok());
  const Datum q = random_floats({1, 3, 10});
  const Datum k = halves_of(random_floats({1, 2, 7, 5}, 2));
  const Datum v = halves_of(random_floats({1, 2, 7, 5}, 3));
  const Values plain =
      run_nodes(model.model(), {{"q", q}, {"k", floats_of(k)}, {"v", floats_of(v)}}).value();
  ASSERT_TRUE(keep_as_float16(model.model(), Strings{"k", "v", "nobody"}).value());
  EXPECT_EQ(operators_of(model.model().graph).count("Cast"), 0u);
  expect_equal(run_nodes(model.model(), {{"q", q}, {"k", k}, {"v", v}}).value().at("y"),
               plain.at("y"));
}

TEST(KeepAsFloat16, OthersReadFloats) {
  TestModel model;
  model.input("k", rows()).input("x", {"b", "2", "s", "5"});
  model.node("Neg", {"k"}, {"n"}).node("Add", {"n", "k"}, {"y"}).outputs({"y"});
  ASSERT_TRUE(infer(model.model()).ok());
  ASSERT_TRUE(keep_as_float16(model.model(), Strings{"k"}).value());
  EXPECT_THAT(operators_of(model.model().graph), Contains(Pair("Cast", 1)));
  const Datum k = halves_of(random_floats({1, 2, 7, 5}));
  const Values found = run_nodes(model.model(), {{"k", k}}).value();
  for (const float y : found.at("y").as<float>()) EXPECT_EQ(y, 0);
}

TEST(KeepAsFloat16, OutputsAreRoundedAndStayInRange) {
  TestModel model;
  model.input("q", {"b", "t", "10"}).input("x", rows());
  model.node("Neg", {"x"}, {"k"}).node("Abs", {"x"}, {"v"}).node("Sqrt", {"v"}, {"root"});
  attend(model);
  model.outputs({"y", "k", "v", "root"});
  ASSERT_TRUE(infer(model.model()).ok());
  const Datum q = random_floats({1, 3, 10});
  Datum x = random_floats({1, 2, 7, 5}, 2);
  x.mutable_data<float>()[0] = 1e6f;
  const Values inputs = {{"q", q}, {"x", x}};
  const Values plain = run_nodes(model.model(), inputs).value();
  ASSERT_TRUE(keep_as_float16(model.model(), Strings{"k", "v"}).value());
  const Values found = run_nodes(model.model(), inputs).value();
  ASSERT_EQ(found.at("k").dtype(), DType::kFloat16);
  const Datum k = floats_of(found.at("k"));
  EXPECT_EQ(k.as<float>()[0], -65504);
  for (size_t i = 1; i < 70; ++i) {
    EXPECT_NEAR(k.as<float>()[i], -x.as<float>()[i], 1e-3) << i;
    EXPECT_NEAR(floats_of(found.at("v")).as<float>()[i], std::abs(x.as<float>()[i]), 1e-3) << i;
  }
  expect_equal(found.at("root"), plain.at("root"));  // of the numbers before they were rounded
  for (const float y : found.at("y").as<float>()) EXPECT_TRUE(std::isfinite(y));
}

// An output that is `given` in one branch and made from `x` in the other.
graph::GraphPtr branch(graph::ValueId outer, bool makes) {
  auto body = std::make_shared<graph::Graph>();
  graph::Value value;
  value.name = "inner";
  value.fact.dtype = DType::kFloat;
  const graph::ValueId inner = body->add_value(value);
  body->captures = {{inner, outer}};
  body->outputs = {inner};
  if (!makes) return body;
  value.name = "made";
  body->outputs = {body->add_value(value)};
  graph::Node node;
  node.op_type = "Neg";
  node.inputs = {inner};
  node.outputs = body->outputs;
  body->add_node(std::move(node));
  return body;
}

TestModel choice(const std::string& given) {
  TestModel model;
  model.input("c", {}, DType::kBool).input("past", rows()).input("x", rows());
  const graph::Graph& graph = model.model().graph;
  model.node("If", {"c"}, {"present"},
             {attribute_of("then_branch", branch(graph.find(given), false)),
              attribute_of("else_branch", branch(graph.find("x"), true))});
  model.outputs({"present"});
  EXPECT_TRUE(infer(model.model()).ok());
  return model;
}

TEST(KeepAsFloat16, GoesIntoBranches) {
  TestModel model = choice("past");
  ASSERT_TRUE(keep_as_float16(model.model(), Strings{"past", "present"}).value());
  const graph::Graph& graph = model.model().graph;
  EXPECT_EQ(graph.value(graph.find("past")).fact.dtype, DType::kFloat16);
  EXPECT_EQ(graph.value(graph.find("present")).fact.dtype, DType::kFloat16);
  const auto bodies = graph.node(0).subgraphs();
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_EQ(count_nodes(*bodies[0]), 0);  // handed on
  EXPECT_THAT(operators_of(*bodies[1]), Contains(Pair("ToFloat16", 1)));
  EXPECT_THAT(operators_of(graph), Not(Contains(Key("Cast"))));
}

TEST(KeepAsFloat16, AnOutputThatWasNotNamedStaysAsItIs) {
  TestModel model = choice("past");
  EXPECT_FALSE(keep_as_float16(model.model(), Strings{"nobody", "made"}).value());
  ASSERT_TRUE(keep_as_float16(model.model(), Strings{"past"}).value());
  const graph::Graph& graph = model.model().graph;
  EXPECT_EQ(graph.value(graph.find("past")).fact.dtype, DType::kFloat16);
  EXPECT_EQ(graph.value(graph.find("present")).fact.dtype, DType::kFloat);
  const auto bodies = graph.node(0).subgraphs();
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_THAT(operators_of(*bodies[0]), Contains(Pair("Cast", 1)));
  EXPECT_EQ(bodies[0]->value(bodies[0]->outputs[0]).fact.dtype, DType::kFloat);
  EXPECT_THAT(operators_of(*bodies[1]), Not(Contains(Key("ToFloat16"))));
}

}  // namespace
}  // namespace escuta::passes
