// An If whose condition is known -> the nodes of its branch.
#include <algorithm>
#include <cstring>

#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::Graph;
using graph::GraphPtr;
using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

std::optional<bool> known_condition(const graph::Value& value) {
  const graph::Constant* constant = value.fact.constant.get();
  if (constant == nullptr || constant->dtype != DType::kBool || constant->bytes.size() != 1) {
    return std::nullopt;
  }
  return constant->bytes[0] != std::byte{0};
}

class Chooser {
 public:
  explicit Chooser(Graph& graph) : rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) choose(static_cast<NodeId>(i));
    return rewriter_.finish();
  }

 private:
  void choose(NodeId id) {
    const Node node = rewriter_.node(id);
    if (node.op_type != "If" || !node.domain.empty() || node.inputs[0] == kNoValue) return;
    const auto condition = known_condition(rewriter_.value(node.inputs[0]));
    if (!condition) return;
    const auto* body = node.get<GraphPtr>(*condition ? "then_branch" : "else_branch");
    if (body == nullptr || !(*body)->inputs.empty() ||
        (*body)->outputs.size() < node.outputs.size()) {
      return;  // an error, which the If reports when it runs
    }
    const auto values = (*body)->values();
    if (std::any_of(values.begin(), values.end(),
                    [](const graph::Value& value) { return value.sparse != nullptr; })) {
      return;
    }
    put(id, node, **body);
  }

  // The branch's nodes in the place of the If; its outputs are the If's.
  void put(NodeId id, const Node& node, const Graph& body) {
    std::vector<ValueId> ids(body.values().size(), kNoValue);
    for (const graph::Capture& capture : body.captures) at(ids, capture.inner) = capture.outer;
    rewriter_.remove(id);
    std::vector<std::pair<ValueId, ValueId>> copies;  // what the branch does not make itself
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      ValueId& place = at(ids, body.outputs[i]);
      if (place != kNoValue || body.value(body.outputs[i]).producer == kNoNode) {
        copies.emplace_back(body.outputs[i], node.outputs[i]);
      } else {
        place = node.outputs[i];
      }
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      const graph::Value& value = body.value(static_cast<ValueId>(i));
      if (ids[i] == kNoValue) ids[i] = rewriter_.add_value(value.name, value.fact);
    }
    for (const Node& inner : body.nodes()) {
      Node copy = inner;
      for (auto* list : {&copy.inputs, &copy.outputs}) {
        for (ValueId& value : *list) value = value == kNoValue ? value : at(ids, value);
      }
      for (graph::Attribute& attribute : copy.attributes) redirect(attribute, ids);
      rewriter_.add_node(std::move(copy));
    }
    for (const auto& [from, to] : copies) {
      Node identity;
      identity.op_type = "Identity";
      identity.inputs = {at(ids, from)};
      identity.outputs = {to};
      rewriter_.add_node(std::move(identity));
    }
  }

  static ValueId& at(std::vector<ValueId>& ids, ValueId id) { return ids[static_cast<size_t>(id)]; }

  static void redirect(graph::Attribute& attribute, std::vector<ValueId>& ids) {
    const auto change = [&](GraphPtr& body) {
      auto copy = std::make_shared<Graph>(*body);
      for (graph::Capture& capture : copy->captures) capture.outer = at(ids, capture.outer);
      body = std::move(copy);
    };
    if (auto* body = std::get_if<GraphPtr>(&attribute.value)) change(*body);
    if (auto* bodies = std::get_if<std::vector<GraphPtr>>(&attribute.value)) {
      for (GraphPtr& body : *bodies) change(body);
    }
  }

  graph::Rewriter rewriter_;
};

}  // namespace

Status choose_branches(graph::Model& model) {
  return for_each_graph(model, [](Graph& graph) { return Chooser(graph).run(); });
}

}  // namespace escuta::passes
