// Small models for tests of passes: put together by hand, run node by node on the operators' plain
// loops, and compared with what passes make of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ops/evaluate.h"
#include "ops/resolve.h"
#include "passes/pass.h"

namespace escuta::passes {

using Values = std::map<std::string, Datum>;
using Strings = std::vector<std::string>;

template <typename T>
Datum datum_of(const Shape& shape, const std::vector<T>& elements) {
  EXPECT_EQ(static_cast<int64_t>(elements.size()), shape.count());
  Datum datum = Datum::create(dtype_of<T>(), shape).value();
  std::copy(elements.begin(), elements.end(), datum.mutable_data<T>());
  return datum;
}

inline Datum random_floats(const Shape& shape, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> between(-1, 1);
  std::vector<float> elements(static_cast<size_t>(shape.count()));
  for (float& element : elements) element = between(random);
  return datum_of<float>(shape, elements);
}

template <typename T>
graph::Attribute attribute_of(std::string name, T value) {
  graph::Attribute result;
  result.name = std::move(name);
  if constexpr (std::is_same_v<T, int64_t>) result.type = onnx::AttributeDef::Type::kInt;
  if constexpr (std::is_same_v<T, float>) result.type = onnx::AttributeDef::Type::kFloat;
  if constexpr (std::is_same_v<T, std::string>) result.type = onnx::AttributeDef::Type::kString;
  if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
    result.type = onnx::AttributeDef::Type::kInts;
  }
  if constexpr (std::is_same_v<T, graph::GraphPtr>) result.type = onnx::AttributeDef::Type::kGraph;
  result.value = std::move(value);
  return result;
}

// A model of one graph; values appear when they are named first.
class TestModel {
 public:
  explicit TestModel(int64_t opset = 17) { model_.opsets = {{.domain = "", .version = opset}}; }

  // dims: numbers, or symbols.
  TestModel& input(const std::string& name, const Strings& dims, DType dtype = DType::kFloat) {
    graph::Fact& fact = value(name).fact;
    fact.dtype = dtype;
    fact.shape.emplace();
    for (const std::string& dim : dims) {
      const bool number = dim.find_first_not_of("0123456789") == std::string::npos;
      fact.shape->push_back(number ? graph::Dim(std::stoll(dim)) : graph::Dim(dim));
    }
    model_.graph.inputs.push_back(id(name));
    return *this;
  }
  TestModel& constant(const std::string& name, const Datum& datum) {
    auto constant = std::make_shared<graph::Constant>();
    constant->dtype = datum.dtype();
    constant->shape = datum.shape();
    constant->bytes = {datum.bytes(), datum.byte_size()};
    constant->owner = std::make_shared<const Datum>(datum);
    value(name).fact = graph::Fact::of(std::move(constant));
    return *this;
  }
  TestModel& number(const std::string& name, float number) {
    return constant(name, datum_of<float>({}, {number}));
  }
  TestModel& ints(const std::string& name, const std::vector<int64_t>& elements) {
    return constant(name, datum_of<int64_t>({static_cast<int64_t>(elements.size())}, elements));
  }
  TestModel& node(const std::string& op, const Strings& inputs, const Strings& outputs,
                  std::vector<graph::Attribute> attributes = {}, const std::string& domain = "") {
    graph::Node node;
    node.op_type = op;
    node.domain = domain;
    node.opset = domain.empty() ? 0 : 1;
    for (const std::string& name : inputs) {
      node.inputs.push_back(name.empty() ? graph::kNoValue : id(name));
    }
    for (const std::string& name : outputs) node.outputs.push_back(id(name));
    node.attributes = std::move(attributes);
    model_.graph.add_node(std::move(node));
    return *this;
  }
  TestModel& transpose(const std::string& x, const std::string& y, std::vector<int64_t> perm) {
    return node("Transpose", {x}, {y}, {attribute_of("perm", std::move(perm))});
  }
  TestModel& outputs(const Strings& names) {
    for (const std::string& name : names) model_.graph.outputs.push_back(id(name));
    return *this;
  }
  graph::Model& model() { return model_; }
  const graph::Model& model() const { return model_; }

 private:
  graph::ValueId id(const std::string& name) {
    const graph::ValueId found = model_.graph.find(name);
    if (found != graph::kNoValue) return found;
    graph::Value added;
    added.name = name;
    return model_.graph.add_value(std::move(added));
  }
  graph::Value& value(const std::string& name) { return model_.graph.value(id(name)); }

  graph::Model model_;
};

// Runs the nodes one after another; none of them has a body.
inline Result<Values> run_nodes(const graph::Model& model, const Values& inputs) {
  const graph::Graph& graph = model.graph;
  std::map<graph::ValueId, Datum> values;
  for (const auto& [name, datum] : inputs) values[graph.find(name)] = datum;
  for (size_t i = 0; i < graph.values().size(); ++i) {
    const auto& constant = graph.values()[i].fact.constant;
    if (constant == nullptr) continue;
    values[static_cast<graph::ValueId>(i)] =
        Datum::borrow(constant->dtype, constant->shape, constant->bytes.data());
  }
  for (const graph::Node& node : graph.nodes()) {
    std::vector<const graph::Fact*> facts;
    std::vector<Datum> arguments;
    std::vector<bool> wanted;
    for (const graph::ValueId id : node.inputs) {
      facts.push_back(id == graph::kNoValue ? nullptr : &graph.value(id).fact);
      arguments.push_back(id == graph::kNoValue ? Datum() : values[id]);
    }
    for (const graph::ValueId id : node.outputs) wanted.push_back(id != graph::kNoValue);
    ASSIGN_OR_RETURN(const ops::Resolved resolved, ops::resolve(model, node));
    ASSIGN_OR_RETURN(const ops::KernelPtr kernel,
                     resolved.op->create(ops::NodeInfo(node, resolved.version, facts)));
    ASSIGN_OR_RETURN(const std::vector<Datum> results, ops::evaluate(*kernel, arguments, wanted));
    for (size_t i = 0; i < results.size(); ++i) {
      if (wanted[i]) values[node.outputs[i]] = results[i];
    }
  }
  Values results;
  for (const graph::ValueId id : graph.outputs) results[graph.value(id).name] = values[id];
  return results;
}

// How many nodes of each operator.
inline std::map<std::string, int> operators_of(const graph::Graph& graph) {
  std::map<std::string, int> counts;
  for (const graph::Node& node : graph.nodes()) ++counts[node.op_type];
  return counts;
}

// What the passes make of the model, after checking that it computes the same.
inline graph::Model optimized(const TestModel& made, const Values& inputs,
                              float tolerance = 1e-5f) {
  Result<graph::Model> plain = optimize(made.model(), {{"all"}, {}});
  Result<graph::Model> model = optimize(made.model(), {});
  EXPECT_TRUE(plain.ok() && model.ok()) << model.status().to_string();
  if (!plain.ok() || !model.ok()) return {};
  const Result<Values> expected = run_nodes(*plain, inputs);
  const Result<Values> found = run_nodes(*model, inputs);
  EXPECT_TRUE(expected.ok()) << expected.status().to_string();
  EXPECT_TRUE(found.ok()) << found.status().to_string();
  if (!expected.ok() || !found.ok()) return {};
  for (const auto& [name, datum] : *expected) {
    const Datum& other = found->at(name);
    EXPECT_EQ(other.shape(), datum.shape()) << name;
    EXPECT_EQ(other.dtype(), datum.dtype()) << name;
    if (datum.dtype() != DType::kFloat || other.shape() != datum.shape()) continue;
    for (int64_t i = 0; i < datum.count(); ++i) {
      const auto at = static_cast<size_t>(i);
      EXPECT_NEAR(other.as<float>()[at], datum.as<float>()[at], tolerance) << name << " " << i;
    }
  }
  return *std::move(model);
}

}  // namespace escuta::passes
