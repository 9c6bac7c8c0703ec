// Changes a graph: takes nodes out, puts others in, redirects uses; then puts everything in order.
//
// Between the constructor and finish() new nodes may stand after those that use them, and removed
// ones still have their numbers. Bodies (graphs in attributes) are copied before their captures
// change, so others that share them do not see it. One thread; the graph must not be changed
// otherwise meanwhile.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::graph {

// What a node reads: its inputs, kNoValue for absent ones, and what its bodies capture.
std::vector<ValueId> inputs_of(const Node& node);

class Rewriter {
 public:
  explicit Rewriter(Graph& graph);

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  const Node& node(NodeId id) const { return graph_.node(id); }
  const Value& value(ValueId id) const { return graph_.value(id); }
  bool removed(NodeId id) const { return removed_[static_cast<size_t>(id)]; }

  // Nodes that read the value, themselves or in a body; each once, in no order.
  const std::vector<NodeId>& users(ValueId id) const { return users_[static_cast<size_t>(id)]; }
  bool is_output(ValueId id) const;
  // The one node that reads the value, which is no output of the graph; kNoNode otherwise.
  NodeId only_user(ValueId id) const;
  // The node that makes the value, if it is of this operator of ai.onnx (or `domain`); else
  // kNoNode.
  NodeId producer(ValueId id, std::string_view op_type, std::string_view domain = "") const;

  // A name that nobody has is made from `hint`.
  ValueId add_value(std::string_view hint, Fact fact);
  ValueId add_constant(std::string_view hint, ConstantPtr constant);
  NodeId add_node(Node node);
  void remove(NodeId id);

  // Whoever reads `from` reads `to`. False, and nothing changed, when `from` is an output of the
  // graph and `to` cannot take its name: it is an input, a constant, captured or an output itself.
  bool replace(ValueId from, ValueId to);

  bool changed() const { return changed_; }
  // Removes nodes without a wanted result where `sweep`, values that nothing names, and sorts.
  // Numbers of nodes and values are other ones afterwards. Internal when there is a cycle, which
  // would be an error of the caller.
  Status finish(bool sweep = true);

 private:
  void index();
  void use(NodeId node, ValueId value);
  void redirect(NodeId node, ValueId from, ValueId to);
  void sweep_nodes();
  Status rebuild();

  Graph& graph_;
  std::vector<bool> removed_;
  std::vector<std::vector<NodeId>> users_;
  bool changed_ = false;
  int names_ = 0;
};

}  // namespace escuta::graph
