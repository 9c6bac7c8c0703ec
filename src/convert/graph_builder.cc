#include "convert/graph_builder.h"

#include <fmt/format.h>

#include <numbers>

namespace escuta::convert {
namespace {

onnx::AttributeDef attribute(std::string name, onnx::AttributeDef::Type type) {
  onnx::AttributeDef result;
  result.name = std::move(name);
  result.type = type;
  return result;
}

}  // namespace

onnx::AttributeDef int_attribute(std::string name, int64_t value) {
  auto result = attribute(std::move(name), onnx::AttributeDef::Type::kInt);
  result.i = value;
  return result;
}

onnx::AttributeDef float_attribute(std::string name, float value) {
  auto result = attribute(std::move(name), onnx::AttributeDef::Type::kFloat);
  result.f = value;
  return result;
}

onnx::AttributeDef ints_attribute(std::string name, std::vector<int64_t> values) {
  auto result = attribute(std::move(name), onnx::AttributeDef::Type::kInts);
  result.ints = std::move(values);
  return result;
}

onnx::AttributeDef tensor_attribute(std::string name, onnx::TensorDef tensor) {
  auto result = attribute(std::move(name), onnx::AttributeDef::Type::kTensor);
  result.tensors.push_back(std::move(tensor));
  return result;
}

onnx::ValueInfo tensor_info(std::string name, DType dtype, std::vector<onnx::DimDef> dims) {
  onnx::ValueInfo info;
  info.name = std::move(name);
  info.type.kind = onnx::TypeDef::Kind::kTensor;
  info.type.dtype = dtype;
  info.type.shape = std::move(dims);
  return info;
}

Value GraphBuilder::op(const std::string& type, std::vector<Value> inputs,
                       const std::string& result, std::vector<onnx::AttributeDef> attributes) {
  onnx::NodeDef& node = graph_.nodes.emplace_back();
  node.op_type = type;
  node.inputs = std::move(inputs);
  node.outputs = {prefix_ + result};
  node.name = fmt::format("{}{}/{}", prefix_, result, type);
  node.attributes = std::move(attributes);
  return node.outputs[0];
}

Value GraphBuilder::use(const std::string& name) {
  if (used_.insert(name).second) initializers_.push_back(name);
  return name;
}

Value GraphBuilder::weight(const std::string& name, Weight weight) {
  pool_.add_weight(name, std::move(weight));
  return use(name);
}

Value GraphBuilder::ints(std::vector<int64_t> values) {
  const std::string name = fmt::format("ints_{}", fmt::join(values, "_"));
  pool_.add_ints(name, {static_cast<int64_t>(values.size())}, values);
  return use(name);
}

Value GraphBuilder::number(const std::string& name, float value) {
  pool_.add_floats(name, {}, std::span(&value, 1));
  return use(name);
}

Value GraphBuilder::floats(const std::string& name, std::vector<int64_t> dims,
                           std::span<const float> values) {
  pool_.add_floats(name, std::move(dims), values);
  return use(name);
}

Value GraphBuilder::cast(const Value& x, DType dtype, const std::string& result) {
  return op("Cast", {x}, result, {int_attribute("to", static_cast<int64_t>(dtype))});
}

Value GraphBuilder::transpose(const Value& x, std::vector<int64_t> perm,
                              const std::string& result) {
  return op("Transpose", {x}, result, {ints_attribute("perm", std::move(perm))});
}

Value GraphBuilder::shape_of(const Value& x, int64_t first, int64_t last,
                             const std::string& result) {
  return op("Shape", {x}, result, {int_attribute("start", first), int_attribute("end", last)});
}

Value GraphBuilder::gelu(const Value& x, const std::string& result) {
  const Value scaled =
      op("Div", {x, number("sqrt_2", std::numbers::sqrt2_v<float>)}, result + "/scaled");
  const Value erf = op("Erf", {scaled}, result + "/erf");
  const Value gate = op("Add", {erf, number("one", 1)}, result + "/gate");
  const Value gated = op("Mul", {x, gate}, result + "/gated");
  return op("Mul", {gated, number("half", 0.5F)}, result);
}

void GraphBuilder::choose(const Value& condition, const GraphBuilder& then_branch,
                          const GraphBuilder& else_branch) {
  onnx::NodeDef& node = graph_.nodes.emplace_back();
  node.op_type = "If";
  node.name = prefix_ + "If";
  node.inputs = {condition};
  for (const onnx::ValueInfo& output : graph_.outputs) node.outputs.push_back(output.name);
  for (const auto& [name, from] :
       {std::pair("then_branch", &then_branch), std::pair("else_branch", &else_branch)}) {
    onnx::AttributeDef& a = node.attributes.emplace_back();
    a = attribute(name, onnx::AttributeDef::Type::kGraph);
    onnx::GraphDef graph = from->graph_;
    graph.name = name;
    a.graphs.push_back(std::make_shared<const onnx::GraphDef>(std::move(graph)));
    for (const std::string& initializer : from->initializers_) use(initializer);
  }
}

void GraphBuilder::input(const std::string& name, DType dtype, std::vector<onnx::DimDef> dims) {
  graph_.inputs.push_back(tensor_info(name, dtype, std::move(dims)));
}

void GraphBuilder::output(const std::string& name, DType dtype, std::vector<onnx::DimDef> dims) {
  graph_.outputs.push_back(tensor_info(prefix_ + name, dtype, std::move(dims)));
}

}  // namespace escuta::convert
