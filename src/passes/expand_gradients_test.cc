// Derivatives against differences: each rule, sums over what was broadcast, values given in the
// place of the named ones, gradients of gradients.
#include "passes/expand_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "ops/resolve.h"
#include "ops/test_node.h"
#include "passes/infer.h"

namespace escuta::passes {
namespace {

using graph::Attribute;
using graph::kNoValue;
using graph::ValueId;
using ops::elements;
using ops::tensor;
using testing::HasSubstr;
using Values = std::map<std::string, Datum>;
using Strings = std::vector<std::string>;

template <typename T>
Attribute attribute(std::string name, T value) {
  Attribute result;
  result.name = std::move(name);
  result.value = std::move(value);
  return result;
}

// A model by hand: values appear when they are named first.
class ModelBuilder {
 public:
  ModelBuilder() {
    model_.opsets = {{.domain = "", .version = 17},
                     {.domain = "ai.onnx.preview.training", .version = 1}};
  }

  ModelBuilder& input(const std::string& name, const Datum& like) {
    graph::Value input;
    input.name = name;
    input.fact.dtype = like.dtype();
    input.fact.shape.emplace();
    for (const int64_t dim : like.shape().dims()) input.fact.shape->push_back(graph::Dim(dim));
    model_.graph.inputs.push_back(model_.graph.add_value(std::move(input)));
    return *this;
  }
  ModelBuilder& node(const std::string& op, const Strings& inputs, const std::string& output,
                     std::vector<Attribute> attributes = {}) {
    return add(op, "", inputs, {output}, std::move(attributes));
  }
  ModelBuilder& gradient(const Strings& xs, const Strings& zs, const std::string& y,
                         const Strings& inputs, const Strings& outputs) {
    return add("Gradient", "ai.onnx.preview.training", inputs, outputs,
               {attribute("xs", xs), attribute("zs", zs), attribute("y", y)});
  }
  graph::Model build(const Strings& outputs) {
    for (const std::string& name : outputs) model_.graph.outputs.push_back(value(name));
    return model_;
  }

 private:
  ModelBuilder& add(const std::string& op, const std::string& domain, const Strings& inputs,
                    const Strings& outputs, std::vector<Attribute> attributes) {
    graph::Node node;
    node.op_type = op;
    node.domain = domain;
    node.attributes = std::move(attributes);
    for (const std::string& name : inputs) node.inputs.push_back(value(name));
    for (const std::string& name : outputs) node.outputs.push_back(value(name));
    model_.graph.add_node(std::move(node));
    return *this;
  }
  ValueId value(const std::string& name) {
    const ValueId found = model_.graph.find(name);
    if (found != kNoValue) return found;
    graph::Value fresh;
    fresh.name = name;
    return model_.graph.add_value(std::move(fresh));
  }

  graph::Model model_;
};

// Runs the nodes one after another.
Result<Values> run(const graph::Model& model, const Values& inputs) {
  std::map<ValueId, Datum> values;
  const graph::Graph& graph = model.graph;
  for (const auto& [name, datum] : inputs) values[graph.find(name)] = datum;
  for (size_t i = 0; i < graph.values().size(); ++i) {
    const auto& constant = graph.values()[i].fact.constant;
    if (constant == nullptr) continue;
    values[static_cast<ValueId>(i)] =
        Datum::borrow(constant->dtype, constant->shape, constant->bytes.data());
  }
  for (const graph::Node& node : graph.nodes()) {
    std::vector<const graph::Fact*> facts;
    std::vector<Datum> arguments;
    for (const ValueId id : node.inputs) {
      facts.push_back(&graph.value(id).fact);
      arguments.push_back(values[id]);
    }
    ASSIGN_OR_RETURN(const ops::Resolved resolved, ops::resolve(model, node));
    const ops::NodeInfo info(node, resolved.version, facts);
    ASSIGN_OR_RETURN(const ops::KernelPtr kernel, resolved.op->create(info));
    ASSIGN_OR_RETURN(std::vector<Datum> results, ops::evaluate(*kernel, arguments, {true}));
    values[node.outputs[0]] = results[0];
  }
  Values results;
  for (const ValueId id : graph.outputs) results[graph.value(id).name] = values[id];
  return results;
}

double sum_of(const Datum& datum) {
  double sum = 0;
  for (const double value : datum.as<double>()) sum += value;
  return sum;
}

// d sum(y) / d name by central differences.
std::vector<double> differences(const graph::Model& model, const Values& at,
                                const std::string& name) {
  constexpr double kStep = 1e-5;
  std::vector<double> result;
  for (size_t i = 0; i < at.at(name).as<double>().size(); ++i) {
    double sums[2];
    for (const int side : {0, 1}) {
      std::vector<double> moved = elements<double>(at.at(name));
      moved[i] += side == 0 ? -kStep : kStep;
      Values inputs = at;
      inputs[name] = tensor(at.at(name).shape(), moved);
      Result<Values> values = run(model, inputs);
      EXPECT_TRUE(values.ok()) << values.status().to_string();
      if (!values.ok()) return {};
      sums[side] = sum_of((*values)["y"]);
    }
    result.push_back((sums[1] - sums[0]) / (2 * kStep));
  }
  return result;
}

struct Case {
  const char* op;
  std::vector<Datum> inputs;
  std::vector<Attribute> attributes = {};
};

void expect_right(const Case& one, bool shapes_are_known) {
  SCOPED_TRACE(std::string(one.op) + (shapes_are_known ? "" : ", shapes unknown"));
  ModelBuilder forward, backward;
  Values values;
  Strings xs, gradients;
  for (size_t i = 0; i < one.inputs.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    values[name] = one.inputs[i];
    for (ModelBuilder* builder : {&forward, &backward}) builder->input(name, one.inputs[i]);
    xs.push_back(name);
    gradients.push_back("d" + std::to_string(i));
  }
  // Squared, so that gradients differ among elements.
  for (ModelBuilder* builder : {&forward, &backward}) {
    builder->node(one.op, xs, "part", one.attributes).node("Mul", {"part", "part"}, "y");
  }
  const graph::Model plain = forward.build({"y"});
  graph::Model model = backward.gradient(xs, {}, "y", xs, gradients).build(gradients);
  if (!shapes_are_known) {
    for (const ValueId id : model.graph.inputs) {
      for (graph::Dim& dim : *model.graph.value(id).fact.shape) dim = graph::Dim();
    }
  }
  const Status expanded = expand_gradients(model);
  ASSERT_TRUE(expanded.ok()) << expanded.to_string();
  const Status inferred = infer(model);
  ASSERT_TRUE(inferred.ok()) << inferred.to_string();
  Result<Values> found = run(model, values);
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  for (size_t i = 0; i < xs.size(); ++i) {
    SCOPED_TRACE(xs[i]);
    const Datum& gradient = (*found)[gradients[i]];
    ASSERT_EQ(gradient.shape(), one.inputs[i].shape());
    const std::vector<double> expected = differences(plain, values, xs[i]);
    for (size_t k = 0; k < expected.size(); ++k) {
      EXPECT_NEAR(gradient.as<double>()[k], expected[k], 1e-5 * (1 + std::abs(expected[k])));
    }
  }
}

Datum some(const Shape& shape, double from) {
  std::vector<double> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = from + std::fmod(0.37 * static_cast<double>(i + 1), 1.0);
  }
  return tensor(shape, values);
}

TEST(ExpandGradients, OperatorsOfOneInput) {
  for (const char* op :
       {"Identity", "Neg",       "Exp",        "Log",       "Sqrt",    "Reciprocal", "Sin",
        "Cos",      "Abs",       "Tanh",       "Sigmoid",   "Relu",    "Softplus",   "Erf",
        "Softmax",  "ReduceSum", "ReduceMean", "Transpose", "Flatten", "Squeeze"}) {
    expect_right({op, {some({2, 3}, 0.3)}}, true);
  }
  expect_right({"Relu", {some({4}, -0.5)}}, true);
  expect_right({"Abs", {some({4}, -0.5)}}, true);
  expect_right({"ReduceMean",
                {some({2, 3, 2}, 0.1)},
                {attribute("axes", std::vector<int64_t>{1}), attribute("keepdims", int64_t{0})}},
               true);
  expect_right(
      {"Transpose", {some({2, 3, 4}, 0.1)}, {attribute("perm", std::vector<int64_t>{2, 0, 1})}},
      true);
}

TEST(ExpandGradients, OperatorsThatBroadcast) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Pow", "Sum"}) {
    for (const bool known : {true, false}) {
      expect_right({op, {some({2, 3}, 0.5), some({2, 3}, 1.5)}}, known);
      expect_right({op, {some({2, 3}, 0.5), some({3}, 1.5)}}, known);
      expect_right({op, {some({2, 1}, 0.5), some({4, 1, 3}, 1.5)}}, known);
      expect_right({op, {some({}, 0.5), some({2}, 1.5)}}, known);
    }
  }
}

TEST(ExpandGradients, Products) {
  const std::pair<Shape, Shape> shapes[] = {
      {{2, 3}, {3, 4}}, {{3}, {3, 4}}, {{2, 3}, {3}}, {{3}, {3}}, {{2, 1, 2, 3}, {5, 3, 2}}};
  for (const auto& [a, b] : shapes) expect_right({"MatMul", {some(a, 0.2), some(b, 0.4)}}, true);
  for (const int64_t turn : {0, 1}) {
    const Shape a = turn != 0 ? Shape{3, 2} : Shape{2, 3};
    expect_right({"Gemm",
                  {some(a, 0.2), some({4, 3}, 0.4), some({4}, 0.1)},
                  {attribute("alpha", 0.5F), attribute("beta", 2.0F), attribute("transA", turn),
                   attribute("transB", int64_t{1})}},
                 true);
  }
}

TEST(ExpandGradients, ValuesInThePlaceOfTheNamedOnes) {
  const Datum one = tensor<double>({}, {1});
  graph::Model model = ModelBuilder()
                           .input("a", one)
                           .input("b", one)
                           .input("c", one)
                           .node("Mul", {"a", "b"}, "y")
                           .gradient({"a"}, {"b"}, "y", {"a", "c"}, {"d"})
                           .build({"d"});
  ASSERT_TRUE(expand_gradients(model).ok());
  const auto found = run(model, {{"a", one}, {"b", one}, {"c", tensor<double>({}, {7})}});
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_EQ(found->at("d").as<double>()[0], 7);
}

TEST(ExpandGradients, OfGradients) {
  const Datum at = tensor<double>({2}, {3, 5});
  graph::Model model = ModelBuilder()
                           .input("x", at)
                           .node("Mul", {"x", "x"}, "square")
                           .node("Mul", {"square", "x"}, "y")
                           .gradient({"x"}, {}, "y", {"x"}, {"d"})
                           .gradient({"x"}, {}, "d", {"x"}, {"dd"})
                           .build({"d", "dd"});
  const Status status = expand_gradients(model);
  ASSERT_TRUE(status.ok()) << status.to_string();
  const auto found = run(model, {{"x", at}});
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_EQ(elements<double>(found->at("d")), (std::vector<double>{27, 75}));
  EXPECT_EQ(elements<double>(found->at("dd")), (std::vector<double>{18, 30}));
}

// The first gradient is no output and nobody reads it, but the second one names it.
TEST(ExpandGradients, OfGradientsThatNobodyReads) {
  const Datum at = tensor<double>({2}, {3, 5});
  graph::Model model = ModelBuilder()
                           .input("x", at)
                           .node("Mul", {"x", "x"}, "y")
                           .gradient({"x"}, {}, "y", {"x"}, {"d"})
                           .gradient({"x"}, {}, "d", {"x"}, {"dd"})
                           .build({"dd"});
  const Status status = expand_gradients(model);
  ASSERT_TRUE(status.ok()) << status.to_string();
  const auto found = run(model, {{"x", at}});
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_EQ(elements<double>(found->at("dd")), (std::vector<double>{2, 2}));
}

TEST(ExpandGradients, WhatYDoesNotDependOnIsZero) {
  const Datum at = tensor<double>({2}, {3, 5});
  graph::Model model = ModelBuilder()
                           .input("x", at)
                           .input("z", at)
                           .node("Neg", {"z"}, "y")
                           .gradient({"x", "z"}, {}, "y", {"x", "z"}, {"d", "e"})
                           .build({"d", "e", "y"});
  ASSERT_TRUE(expand_gradients(model).ok());
  const auto found = run(model, {{"x", at}, {"z", at}});
  EXPECT_EQ(elements<double>(found->at("d")), (std::vector<double>{0, 0}));
  EXPECT_EQ(elements<double>(found->at("e")), (std::vector<double>{-1, -1}));
}

TEST(ExpandGradients, RefusesWhatItCannotDo) {
  const Datum at = tensor<double>({2}, {3, 5});
  const auto status_of = [&](const char* op, const Strings& xs, const std::string& y) {
    graph::Model model = ModelBuilder()
                             .input("x", at)
                             .node(op, {"x"}, "y")
                             .gradient(xs, {}, y, {"x"}, {"d"})
                             .build({"d"});
    return expand_gradients(model);
  };
  EXPECT_TRUE(status_of("Exp", {"x"}, "y").ok());
  const Status unknown = status_of("Atan", {"x"}, "y");
  EXPECT_EQ(unknown.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(unknown.to_string(), HasSubstr("found Atan"));
  EXPECT_EQ(status_of("Exp", {"nobody"}, "y").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status_of("Exp", {"x"}, "nobody").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status_of("Exp", {"x", "x"}, "y").code(), StatusCode::kInvalidArgument);
}

// Each gradient of a gradient has a few times the nodes of the one before.
TEST(ExpandGradients, EndsWhenThereAreTooManyNodes) {
  const Datum at = tensor<double>({}, {0.5});
  ModelBuilder builder;
  builder.input("x", at).node("Tanh", {"x"}, "d0");
  for (int i = 0; i < 40; ++i) {
    const std::string y = "d" + std::to_string(i), d = "d" + std::to_string(i + 1);
    builder.gradient({"x"}, {}, y, {"x"}, {d});
  }
  graph::Model model = builder.build({"d40"});
  const Status status = expand_gradients(model);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.to_string();
}

}  // namespace
}  // namespace escuta::passes
