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

}  // namespace escuta::graph
