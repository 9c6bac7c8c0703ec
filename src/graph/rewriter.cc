#include "graph/rewriter.h"

#include <algorithm>

#include "graph/order.h"

namespace escuta::graph {
namespace {

// Operators whose effect is not in their outputs do not exist in ONNX; every node whose outputs
// nobody reads may go.
bool any_used(const Node& node, const std::vector<bool>& used) {
  return std::any_of(node.outputs.begin(), node.outputs.end(),
                     [&](ValueId id) { return id != kNoValue && used[static_cast<size_t>(id)]; });
}

// Each body with other captures: change(capture.outer).
template <typename F>
void change_captures(Node& node, F&& change) {
  const auto changed = [&](const GraphPtr& body) -> GraphPtr {
    if (body->captures.empty()) return body;
    auto copy = std::make_shared<Graph>(*body);
    for (Capture& capture : copy->captures) capture.outer = change(capture.outer);
    return copy;
  };
  for (Attribute& attribute : node.attributes) {
    if (auto* body = std::get_if<GraphPtr>(&attribute.value)) *body = changed(*body);
    if (auto* bodies = std::get_if<std::vector<GraphPtr>>(&attribute.value)) {
      for (GraphPtr& body : *bodies) body = changed(body);
    }
  }
}

}  // namespace

std::vector<ValueId> inputs_of(const Node& node) {
  std::vector<ValueId> inputs = node.inputs;
  for (const GraphPtr& body : node.subgraphs()) {
    for (const Capture& capture : body->captures) inputs.push_back(capture.outer);
  }
  return inputs;
}

Rewriter::Rewriter(Graph& graph) : graph_(graph), removed_(graph.nodes().size()) { index(); }

void Rewriter::index() {
  users_.assign(graph_.values().size(), {});
  for (size_t i = 0; i < graph_.nodes().size(); ++i) {
    const auto id = static_cast<NodeId>(i);
    for (const ValueId input : inputs_of(graph_.node(id))) use(id, input);
  }
}

void Rewriter::use(NodeId node, ValueId value) {
  if (value == kNoValue) return;
  std::vector<NodeId>& users = users_[static_cast<size_t>(value)];
  if (std::find(users.begin(), users.end(), node) == users.end()) users.push_back(node);
}

bool Rewriter::is_output(ValueId id) const {
  return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
}

NodeId Rewriter::only_user(ValueId id) const {
  const std::vector<NodeId>& found = users(id);
  return found.size() == 1 && !is_output(id) ? found.front() : kNoNode;
}

NodeId Rewriter::producer(ValueId id, std::string_view op_type, std::string_view domain) const {
  if (id == kNoValue) return kNoNode;
  const NodeId made_by = graph_.value(id).producer;
  if (made_by == kNoNode || removed(made_by)) return kNoNode;
  const Node& found = graph_.node(made_by);
  return found.op_type == op_type && found.domain == domain ? made_by : kNoNode;
}

ValueId Rewriter::add_value(std::string_view hint, Fact fact) {
  std::string name(hint);
  while (name.empty() || graph_.find(name) != kNoValue) {
    name = std::string(hint) + "_" + std::to_string(++names_);
  }
  Value added;
  added.name = std::move(name);
  added.fact = std::move(fact);
  users_.emplace_back();
  return graph_.add_value(std::move(added));
}

ValueId Rewriter::add_constant(std::string_view hint, ConstantPtr constant) {
  return add_value(hint, Fact::of(std::move(constant)));
}

NodeId Rewriter::add_node(Node added) {
  const NodeId id = graph_.add_node(std::move(added));
  removed_.push_back(false);
  for (const ValueId input : inputs_of(graph_.node(id))) use(id, input);
  changed_ = true;
  return id;
}

void Rewriter::remove(NodeId id) {
  removed_[static_cast<size_t>(id)] = true;
  for (const ValueId input : inputs_of(graph_.node(id))) {
    if (input == kNoValue) continue;
    std::vector<NodeId>& users = users_[static_cast<size_t>(input)];
    users.erase(std::remove(users.begin(), users.end(), id), users.end());
  }
  for (const ValueId output : graph_.node(id).outputs) {
    if (output != kNoValue) graph_.value(output).producer = kNoNode;
  }
  changed_ = true;
}

void Rewriter::redirect(NodeId id, ValueId from, ValueId to) {
  Node& changed = graph_.node(id);
  std::replace(changed.inputs.begin(), changed.inputs.end(), from, to);
  change_captures(changed, [&](ValueId outer) { return outer == from ? to : outer; });
  use(id, to);
}

bool Rewriter::replace(ValueId from, ValueId to) {
  if (from == to) return true;
  if (is_output(from)) {
    const bool made_here = graph_.value(to).producer != kNoNode;
    if (!made_here || is_output(to)) return false;
    graph_.swap_names(from, to);
    // The caller sees what the output was declared to be.
    std::replace(graph_.outputs.begin(), graph_.outputs.end(), from, to);
  }
  const std::vector<NodeId> readers = std::move(users_[static_cast<size_t>(from)]);
  users_[static_cast<size_t>(from)].clear();
  for (const NodeId reader : readers) redirect(reader, from, to);
  changed_ = true;
  return true;
}

void Rewriter::sweep_nodes() {
  std::vector<bool> used(graph_.values().size());
  for (const ValueId output : graph_.outputs) used[static_cast<size_t>(output)] = true;
  std::vector<NodeId> waiting;
  std::vector<bool> wanted(graph_.nodes().size());
  const auto want = [&](ValueId value) {
    if (value == kNoValue) return;
    used[static_cast<size_t>(value)] = true;
    const NodeId made_by = graph_.value(value).producer;
    if (made_by == kNoNode || wanted[static_cast<size_t>(made_by)]) return;
    wanted[static_cast<size_t>(made_by)] = true;
    waiting.push_back(made_by);
  };
  for (const ValueId output : graph_.outputs) want(output);
  while (!waiting.empty()) {
    const NodeId id = waiting.back();
    waiting.pop_back();
    for (const ValueId input : inputs_of(graph_.node(id))) want(input);
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (removed_[i]) continue;
    if (!wanted[i] && !any_used(graph_.node(static_cast<NodeId>(i)), used)) {
      remove(static_cast<NodeId>(i));
    }
  }
}

Status Rewriter::finish(bool sweep) {
  if (sweep) sweep_nodes();
  if (!changed_) return Status();
  return rebuild();
}

Status Rewriter::rebuild() {
  std::vector<NodeId> kept, position(graph_.nodes().size(), kNoNode);
  for (size_t i = 0; i < removed_.size(); ++i) {
    if (removed_[i]) continue;
    position[i] = static_cast<NodeId>(kept.size());
    kept.push_back(static_cast<NodeId>(i));
  }
  std::vector<std::vector<int32_t>> before(kept.size());
  std::vector<bool> named(graph_.values().size());
  const auto name = [&](ValueId id) {
    if (id != kNoValue) named[static_cast<size_t>(id)] = true;
  };
  for (size_t i = 0; i < kept.size(); ++i) {
    for (const ValueId input : inputs_of(graph_.node(kept[i]))) {
      name(input);
      const NodeId made_by = input == kNoValue ? kNoNode : graph_.value(input).producer;
      if (made_by != kNoNode) before[i].push_back(position[static_cast<size_t>(made_by)]);
    }
    for (const ValueId output : graph_.node(kept[i]).outputs) name(output);
  }
  const Order order = sort_topologically(before);
  if (!order.cycle.empty()) {
    return internal_error("rewriting the graph made a cycle through {}",
                          graph_.node(kept[static_cast<size_t>(order.cycle[0])]).to_string());
  }
  for (const auto* list : {&graph_.inputs, &graph_.optional_inputs, &graph_.outputs}) {
    for (const ValueId id : *list) name(id);
  }
  for (const Capture& capture : graph_.captures) name(capture.inner);
  std::vector<NodeId> nodes;
  for (const int32_t i : order.sorted) nodes.push_back(kept[static_cast<size_t>(i)]);
  std::vector<ValueId> values(named.size(), kNoValue);
  ValueId next = 0;
  for (size_t i = 0; i < named.size(); ++i) {
    if (named[i]) values[i] = next++;
  }
  graph_.renumber(nodes, values, [&](Node& changed) {
    change_captures(changed, [&](ValueId outer) { return values[static_cast<size_t>(outer)]; });
  });
  removed_.assign(graph_.nodes().size(), false);
  index();
  changed_ = false;
  return Status();
}

}  // namespace escuta::graph
