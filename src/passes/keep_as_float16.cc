#include "passes/keep_as_float16.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "passes/infer.h"
#include "passes/match.h"
#include "passes/order_nodes.h"

namespace escuta::passes {
namespace {

using graph::Graph;
using graph::GraphPtr;
using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
using graph::ValueId;

// Whether input `i` of the node may be float16 beside a query of floats.
bool reads_halves(const Node& node, size_t i) {
  constexpr size_t kKey = 1, kValue = 2, kPastKey = 6;
  const bool grows = node.inputs.size() > kPastKey && node.inputs[kPastKey] != kNoValue;
  return node.op_type == "MultiHeadAttention" && node.domain == "com.microsoft" &&
         (i == kKey || i == kValue) && node.outputs.size() == 1 && !grows;
}

// One graph, the model's own or a body.
class Narrower {
 public:
  explicit Narrower(Graph& graph) : rewriter_(graph), graph_(graph) {}

  // The value, which nothing here makes, is float16 from now on.
  Status narrow_given(ValueId id) {
    graph_.value(id).fact.dtype = DType::kFloat16;
    const std::vector<NodeId> readers = rewriter_.users(id);
    ValueId wide = kNoValue;
    for (const NodeId reader : readers) {
      RETURN_IF_ERROR(narrow_captured(graph_.node(reader), id));
      for (size_t i = 0; i < graph_.node(reader).inputs.size(); ++i) {
        if (graph_.node(reader).inputs[i] != id || reads_halves(graph_.node(reader), i)) continue;
        if (wide == kNoValue) wide = add_widened(id);
        graph_.node(reader).inputs[i] = wide;
      }
    }
    return Status();
  }

  // Output `i` of the graph is float16 from now on.
  Status narrow_output(size_t i) {
    const ValueId id = graph_.outputs[i];
    if (graph_.value(id).fact.dtype != DType::kFloat) return Status();
    const NodeId cast = rewriter_.producer(id, "Cast");
    if (cast != kNoNode) {  // of a value that is narrow already and handed on
      const ValueId from = graph_.node(cast).inputs[0];
      if (graph_.value(from).fact.dtype == DType::kFloat16) {
        graph_.outputs[i] = from;
        return Status();
      }
    }
    const NodeId branches = rewriter_.producer(id, "If");
    if (branches == kNoNode) {
      add_narrowed(i);
      return Status();
    }
    const auto& outputs = graph_.node(branches).outputs;
    const auto at = static_cast<size_t>(std::ranges::find(outputs, id) - outputs.begin());
    RETURN_IF_ERROR(change_bodies(
        graph_.node(branches), [&](const Graph& body) { return at < body.outputs.size(); },
        [&](Narrower& body) { return body.narrow_output(at); }));
    return narrow_given(id);
  }

  Status finish() { return rewriter_.finish(); }

 private:
  // Bodies of the node that are concerned are copied, then changed.
  template <typename Concerns, typename Change>
  Status change_bodies(Node& node, Concerns&& concerns, Change&& change) {
    for (graph::Attribute& attribute : node.attributes) {
      auto* body = std::get_if<GraphPtr>(&attribute.value);
      if (body == nullptr || !concerns(**body)) continue;
      auto copy = std::make_shared<Graph>(**body);
      Narrower narrower(*copy);
      RETURN_IF_ERROR(change(narrower));
      RETURN_IF_ERROR(narrower.finish());
      *body = std::move(copy);
    }
    return Status();
  }

  Status narrow_captured(Node& node, ValueId outer) {
    const auto captures = [&](const Graph& body) {
      return std::ranges::find(body.captures, outer, &graph::Capture::outer);
    };
    return change_bodies(
        node, [&](const Graph& body) { return captures(body) != body.captures.end(); },
        [&](Narrower& body) {
          const ValueId inner = captures(body.graph_)->inner;
          RETURN_IF_ERROR(body.narrow_given(inner));
          body.widen_outputs(inner);
          return Status();
        });
  }

  // A body that hands the value on still gives what the node outside expects.
  void widen_outputs(ValueId id) {
    if (!rewriter_.is_output(id)) return;
    std::ranges::replace(graph_.outputs, id, add_widened(id));
  }

  ValueId add_widened(ValueId id) {
    graph::Fact fact = graph_.value(id).fact;
    fact.dtype = DType::kFloat;
    const ValueId wide = rewriter_.add_value("widened", std::move(fact));
    Node node;
    node.op_type = "Cast";
    node.opset = 13;
    node.inputs = {id};
    node.outputs = {wide};
    node.attributes = {make_attribute("to", static_cast<int64_t>(DType::kFloat))};
    rewriter_.add_node(std::move(node));
    return wide;
  }

  void add_narrowed(size_t i) {
    const ValueId id = graph_.outputs[i];
    graph::Fact fact = graph_.value(id).fact;
    fact.dtype = DType::kFloat16;
    fact.constant = nullptr;
    const ValueId half = rewriter_.add_value("narrowed", std::move(fact));
    for (const NodeId reader : rewriter_.users(id)) {
      Node& node = graph_.node(reader);
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        if (node.inputs[k] == id && reads_halves(node, k)) node.inputs[k] = half;
      }
    }
    Node node;
    node.op_type = "ToFloat16";
    node.domain = "escuta";
    node.opset = 1;
    node.inputs = {id};
    node.outputs = {half};
    rewriter_.add_node(std::move(node));
    graph_.swap_names(id, half);
    graph_.outputs[i] = half;
  }

  Rewriter rewriter_;
  Graph& graph_;
};

// Whether just the outputs that were asked for have other types.
bool others_are_same(const Graph& before, const Graph& after, std::span<const std::string> names) {
  for (size_t i = 0; i < before.outputs.size(); ++i) {
    const graph::Value& old = before.value(before.outputs[i]);
    const DType now = after.value(after.outputs[i]).fact.dtype;
    const bool asked = std::ranges::find(names, old.name) != names.end();
    const bool narrowed = asked && old.fact.dtype == DType::kFloat;
    if (now != (narrowed ? DType::kFloat16 : old.fact.dtype)) return false;
  }
  return true;
}

}  // namespace

Result<bool> keep_as_float16(graph::Model& model, std::span<const std::string> names) {
  graph::Model changed = model;
  Graph& graph = changed.graph;
  Narrower narrower(graph);
  bool any = false;
  for (const std::string& name : names) {
    const ValueId id = graph.find(name);
    if (id == kNoValue || graph.value(id).fact.dtype != DType::kFloat) continue;
    const auto output = std::ranges::find(graph.outputs, id);
    if (std::ranges::find(graph.inputs, id) != graph.inputs.end()) {
      RETURN_IF_ERROR(narrower.narrow_given(id));
    } else if (output != graph.outputs.end()) {
      RETURN_IF_ERROR(narrower.narrow_output(static_cast<size_t>(output - graph.outputs.begin())));
    } else {
      continue;
    }
    any = true;
  }
  if (!any) return false;
  RETURN_IF_ERROR(narrower.finish());
  RETURN_IF_ERROR(order_nodes(changed));  // a state is rounded before the next one is made
  RETURN_IF_ERROR(infer(changed));
  if (!others_are_same(model.graph, graph, names)) return false;
  model = std::move(changed);
  return true;
}

}  // namespace escuta::passes
