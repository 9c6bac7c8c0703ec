#include "graph/export.h"

#include <unordered_set>

namespace escuta::graph {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

class Exporter {
 public:
  onnx::Model run(const Model& model);

 private:
  onnx::GraphDef graph(const Graph& graph);
  onnx::NodeDef node(const Graph& graph, const Node& node);
  onnx::AttributeDef attribute(const Attribute& attribute);
  onnx::FunctionDef function(const Function& function);
  onnx::TensorDef tensor(const Constant& constant);
  onnx::SparseTensorDef sparse(const SparseConstant& constant);
  static onnx::ValueInfo value_info(const Value& value);
  static std::vector<std::string> names(const Graph& graph, std::span<const ValueId> ids);

  std::unordered_set<std::shared_ptr<const void>> owners_;
};

onnx::TensorDef Exporter::tensor(const Constant& constant) {
  onnx::TensorDef def;
  def.dtype = constant.dtype;
  def.dims.assign(constant.shape.dims().begin(), constant.shape.dims().end());
  def.bytes = constant.bytes;
  def.strings = constant.strings;
  def.external = constant.external;
  if (constant.owner != nullptr) owners_.insert(constant.owner);
  return def;
}

onnx::SparseTensorDef Exporter::sparse(const SparseConstant& constant) {
  onnx::SparseTensorDef def;
  def.values = tensor(*constant.values);
  def.indices = tensor(*constant.indices);
  def.dims.assign(constant.shape.dims().begin(), constant.shape.dims().end());
  return def;
}

onnx::AttributeDef Exporter::attribute(const Attribute& from) {
  onnx::AttributeDef def;
  def.name = from.name;
  def.type = from.type;
  def.ref_attr_name = from.ref_attr_name;
  const auto add_tensor = [&](const ConstantPtr& c) { def.tensors.push_back(tensor(*c)); };
  const auto add_sparse = [&](const SparseConstantPtr& c) {
    def.sparse_tensors.push_back(sparse(*c));
  };
  const auto add_type = [&](const TypePtr& t) { def.types.push_back(*t); };
  const auto add_graph = [&](const GraphPtr& g) {
    def.graphs.push_back(std::make_shared<const onnx::GraphDef>(graph(*g)));
  };
  std::visit(
      Overloaded{
          [](std::monostate) {},
          [&](float v) { def.f = v; },
          [&](int64_t v) { def.i = v; },
          [&](const std::string& v) { def.s = v; },
          [&](const std::vector<float>& v) { def.floats = v; },
          [&](const std::vector<int64_t>& v) { def.ints = v; },
          [&](const std::vector<std::string>& v) { def.strings = v; },
          add_tensor,
          add_sparse,
          add_type,
          add_graph,
          [&](const std::vector<ConstantPtr>& v) { std::ranges::for_each(v, add_tensor); },
          [&](const std::vector<SparseConstantPtr>& v) { std::ranges::for_each(v, add_sparse); },
          [&](const std::vector<TypePtr>& v) { std::ranges::for_each(v, add_type); },
          [&](const std::vector<GraphPtr>& v) { std::ranges::for_each(v, add_graph); },
      },
      from.value);
  return def;
}

std::vector<std::string> Exporter::names(const Graph& graph, std::span<const ValueId> ids) {
  std::vector<std::string> result;
  result.reserve(ids.size());
  for (const ValueId id : ids) {
    result.push_back(id == kNoValue ? std::string() : graph.value(id).name);
  }
  return result;
}

onnx::NodeDef Exporter::node(const Graph& graph, const Node& from) {
  onnx::NodeDef def;
  def.name = from.name;
  def.op_type = from.op_type;
  def.domain = from.domain;
  def.overload = from.overload;
  def.doc = from.doc;
  def.metadata = from.metadata;
  def.inputs = names(graph, from.inputs);
  def.outputs = names(graph, from.outputs);
  for (const Attribute& a : from.attributes) def.attributes.push_back(attribute(a));
  return def;
}

onnx::ValueInfo Exporter::value_info(const Value& value) {
  onnx::ValueInfo info;
  info.name = value.name;
  info.type = value.fact.to_type();
  return info;
}

onnx::GraphDef Exporter::graph(const Graph& from) {
  onnx::GraphDef def;
  def.name = from.name;
  def.doc = from.doc;
  def.metadata = from.metadata;
  def.quant_annotations = from.quant_annotations;
  std::vector<bool> listed(from.values().size());    // as input or output
  std::vector<bool> captured(from.values().size());  // defined further out
  const auto list = [&](std::span<const ValueId> ids, std::vector<onnx::ValueInfo>& infos) {
    for (const ValueId id : ids) {
      listed[static_cast<size_t>(id)] = true;
      infos.push_back(value_info(from.value(id)));
    }
  };
  list(from.inputs, def.inputs);
  list(from.optional_inputs, def.inputs);
  list(from.outputs, def.outputs);
  for (const Capture& capture : from.captures) captured[static_cast<size_t>(capture.inner)] = true;
  for (size_t i = 0; i < from.values().size(); ++i) {
    const Value& value = from.values()[i];
    if (captured[i]) continue;
    if (value.sparse != nullptr) {
      def.sparse_initializers.push_back(sparse(*value.sparse));
      def.sparse_initializers.back().values.name = value.name;
    } else if (value.fact.constant != nullptr && value.producer == kNoNode) {
      def.initializers.push_back(tensor(*value.fact.constant));
      def.initializers.back().name = value.name;
    } else if (!listed[i] && value.fact.is_known()) {
      def.value_infos.push_back(value_info(value));
    }
  }
  for (const Node& n : from.nodes()) def.nodes.push_back(node(from, n));
  return def;
}

onnx::FunctionDef Exporter::function(const Function& from) {
  onnx::GraphDef body = graph(from.body);
  onnx::FunctionDef def;
  def.name = from.name;
  def.domain = from.domain;
  def.overload = from.overload;
  def.inputs = names(from.body, from.body.inputs);
  def.outputs = names(from.body, from.body.outputs);
  def.attributes = from.attributes;
  for (const Attribute& a : from.attribute_defaults) {
    def.attribute_defaults.push_back(attribute(a));
  }
  def.nodes = std::move(body.nodes);
  def.opset_imports = from.opsets;
  def.value_infos = std::move(body.value_infos);
  for (auto* infos : {&body.inputs, &body.outputs}) {
    for (onnx::ValueInfo& info : *infos) {
      if (info.type.kind != onnx::TypeDef::Kind::kNone) def.value_infos.push_back(std::move(info));
    }
  }
  def.doc = std::move(body.doc);
  def.metadata = std::move(body.metadata);
  return def;
}

onnx::Model Exporter::run(const Model& model) {
  onnx::Model def;
  def.ir_version = model.ir_version;
  def.opset_imports = model.opsets;
  def.producer_name = model.producer_name;
  def.producer_version = model.producer_version;
  def.domain = model.domain;
  def.model_version = model.model_version;
  def.doc = model.doc;
  def.metadata = model.metadata;
  def.fields_left_out = model.fields_left_out;
  def.graph = graph(model.graph);
  for (const Function& f : model.functions) def.functions.push_back(function(f));
  def.keep_alive.assign(owners_.begin(), owners_.end());
  return def;
}

}  // namespace

onnx::Model export_model(const Model& model) { return Exporter().run(model); }

}  // namespace escuta::graph
