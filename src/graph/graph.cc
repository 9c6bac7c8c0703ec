#include "graph/graph.h"

#include <algorithm>

#include "base/printable.h"

namespace escuta::graph {

const Attribute* Node::attribute(std::string_view attribute_name) const {
  const auto it = std::ranges::find(attributes, attribute_name, &Attribute::name);
  return it == attributes.end() ? nullptr : &*it;
}

std::vector<GraphPtr> Node::subgraphs() const {
  std::vector<GraphPtr> graphs;
  for (const Attribute& a : attributes) {
    if (const auto* one = std::get_if<GraphPtr>(&a.value)) graphs.push_back(*one);
    if (const auto* many = std::get_if<std::vector<GraphPtr>>(&a.value)) {
      graphs.insert(graphs.end(), many->begin(), many->end());
    }
  }
  return graphs;
}

std::string Node::to_string() const {
  const std::string type = printable(op_type, 40);
  return name.empty() ? fmt::format("node ({})", type)
                      : fmt::format("node `{}` ({})", printable(name, 60), type);
}

ValueId Graph::find(std::string_view value_name) const {
  const auto it = by_name_.find(std::string(value_name));
  return it == by_name_.end() ? kNoValue : it->second;
}

ValueId Graph::add_value(Value value) {
  const auto id = static_cast<ValueId>(values_.size());
  const bool is_new = by_name_.emplace(value.name, id).second;
  ESCUTA_CHECK(is_new);
  values_.push_back(std::move(value));
  return id;
}

NodeId Graph::add_node(Node node) {
  const auto id = static_cast<NodeId>(nodes_.size());
  for (const ValueId output : node.outputs) {
    if (output == kNoValue) continue;
    ESCUTA_CHECK(value(output).producer == kNoNode);
    value(output).producer = id;
  }
  nodes_.push_back(std::move(node));
  return id;
}

int64_t Model::opset(std::string_view operator_domain) const {
  const auto it = std::ranges::find(opsets, operator_domain, &onnx::OpsetImport::domain);
  return it == opsets.end() ? 0 : it->version;
}

void Graph::swap_names(ValueId a, ValueId b) {
  std::swap(value(a).name, value(b).name);
  by_name_[value(a).name] = a;
  by_name_[value(b).name] = b;
}

void Graph::renumber(std::span<const NodeId> order, std::span<const ValueId> values,
                     const std::function<void(Node&)>& fix_bodies) {
  const auto fix = [&](ValueId& id) {
    if (id != kNoValue) id = values[static_cast<size_t>(id)];
  };
  const auto fix_all = [&](std::vector<ValueId>& ids) {
    std::for_each(ids.begin(), ids.end(), fix);
  };
  std::vector<Value> kept;
  by_name_.clear();
  for (size_t i = 0; i < values_.size(); ++i) {
    if (values[i] == kNoValue) continue;
    values_[i].producer = kNoNode;
    by_name_.emplace(values_[i].name, values[i]);
    kept.push_back(std::move(values_[i]));
  }
  values_ = std::move(kept);
  std::vector<Node> nodes;
  for (const NodeId id : order) {
    nodes.push_back(std::move(nodes_[static_cast<size_t>(id)]));
    Node& moved = nodes.back();
    fix_all(moved.inputs);
    fix_all(moved.outputs);
    fix_bodies(moved);
    for (const ValueId output : moved.outputs) {
      if (output != kNoValue) value(output).producer = static_cast<NodeId>(nodes.size() - 1);
    }
  }
  nodes_ = std::move(nodes);
  fix_all(inputs);
  fix_all(optional_inputs);
  fix_all(outputs);
  for (Capture& capture : captures) fix(capture.inner);
}

}  // namespace escuta::graph
