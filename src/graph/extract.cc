#include "graph/extract.h"

#include <algorithm>

namespace escuta::graph {
namespace {

class Extractor {
 public:
  Extractor(const Model& model, std::span<const NodeId> nodes)
      : graph_(model.graph),
        nodes_(nodes),
        inside_(graph_.nodes().size()),
        ids_(graph_.values().size(), kNoValue) {
    for (const NodeId id : nodes) inside_[static_cast<size_t>(id)] = true;
  }

  Graph run() {
    part_.name = graph_.name;
    for (const NodeId id : nodes_) add(graph_.node(id));
    find_outputs();
    return std::move(part_);
  }

 private:
  static bool contains(std::span<const ValueId> list, ValueId id) {
    return std::find(list.begin(), list.end(), id) != list.end();
  }

  bool made_inside(ValueId id) const {
    const NodeId made_by = graph_.value(id).producer;
    return made_by != kNoNode && inside_[static_cast<size_t>(made_by)];
  }

  ValueId value(ValueId id) {
    if (id == kNoValue) return kNoValue;
    ValueId& mapped = ids_[static_cast<size_t>(id)];
    if (mapped != kNoValue) return mapped;
    Value copy = graph_.value(id);
    copy.producer = kNoNode;
    if (copy.default_value != nullptr) copy.fact.constant = std::move(copy.default_value);
    if (copy.fact.constant != nullptr && copy.fact.constant->external) {
      auto inline_constant = std::make_shared<Constant>(*copy.fact.constant);
      inline_constant->external.reset();
      copy.fact.constant = std::move(inline_constant);
    }
    const bool constant = copy.fact.constant != nullptr || copy.sparse != nullptr;
    mapped = part_.add_value(std::move(copy));
    if (contains(graph_.optional_inputs, id)) {
      part_.optional_inputs.push_back(mapped);
    } else if (!constant && !made_inside(id)) {
      part_.inputs.push_back(mapped);
    }
    return mapped;
  }

  void add(const Node& node) {
    Node copy = node;
    for (ValueId& input : copy.inputs) input = value(input);
    for (ValueId& output : copy.outputs) output = value(output);
    const auto captured = [&](const GraphPtr& body) {
      auto changed = std::make_shared<Graph>(*body);
      for (Capture& capture : changed->captures) capture.outer = value(capture.outer);
      return changed;
    };
    for (Attribute& attribute : copy.attributes) {
      if (auto* body = std::get_if<GraphPtr>(&attribute.value)) *body = captured(*body);
      if (auto* bodies = std::get_if<std::vector<GraphPtr>>(&attribute.value)) {
        for (GraphPtr& body : *bodies) body = captured(body);
      }
    }
    part_.add_node(std::move(copy));
  }

  void find_outputs() {
    std::vector<bool> wanted(ids_.size());
    for (const ValueId output : graph_.outputs) wanted[static_cast<size_t>(output)] = true;
    const auto want = [&](ValueId id) {
      if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
    };
    for (size_t i = 0; i < inside_.size(); ++i) {
      if (inside_[i]) continue;
      const Node& other = graph_.node(static_cast<NodeId>(i));
      for (const ValueId input : other.inputs) want(input);
      for (const GraphPtr& body : other.subgraphs()) {
        for (const Capture& capture : body->captures) want(capture.outer);
      }
    }
    for (size_t i = 0; i < ids_.size(); ++i) {
      if (wanted[i] && ids_[i] != kNoValue && made_inside(static_cast<ValueId>(i))) {
        part_.outputs.push_back(ids_[i]);
      }
    }
  }

  const Graph& graph_;
  std::span<const NodeId> nodes_;
  std::vector<bool> inside_;
  std::vector<ValueId> ids_;  // value of the model -> value of the part
  Graph part_;
};

}  // namespace

Model extract(const Model& model, std::span<const NodeId> nodes) {
  Model part;
  part.ir_version = model.ir_version;
  part.opsets = model.opsets;
  part.producer_name = model.producer_name;
  part.functions = model.functions;
  part.graph = Extractor(model, nodes).run();
  return part;
}

}  // namespace escuta::graph
