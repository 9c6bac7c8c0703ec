// Nodes in an order that holds little memory at a time: depth first from the outputs, so that a
// value is made just before it is read. In the order of a file, or after rewrites, all layers' keys
// and values of a decoder may come first, and their last transpositions after everything.
#include "passes/order_nodes.h"

#include <algorithm>
#include <vector>

#include "graph/rewriter.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::Graph;
using graph::kNoNode;
using graph::kNoValue;
using graph::NodeId;
using graph::ValueId;

class Orderer {
 public:
  explicit Orderer(const Graph& graph)
      : graph_(graph), before_(count()), users_(count()), waiting_(count()), placed_(count()) {
    for (size_t i = 0; i < count(); ++i) {
      for (const ValueId input : graph::inputs_of(graph.nodes()[i])) {
        const NodeId made = input == kNoValue ? kNoNode : graph.value(input).producer;
        if (made == kNoNode) continue;
        before_[i].push_back(made);
        users_[at(made)].push_back(static_cast<NodeId>(i));
      }
      waiting_[i] = before_[i].size();
    }
    find_ends();
  }

  std::vector<NodeId> run() {
    for (const ValueId output : graph_.outputs) {
      if (const NodeId made = graph_.value(output).producer; made != kNoNode) make(made);
    }
    for (size_t i = 0; i < count(); ++i) make(static_cast<NodeId>(i));  // what nobody reads
    return std::move(order_);
  }

 private:
  static size_t at(NodeId id) { return static_cast<size_t>(id); }
  size_t count() const { return graph_.nodes().size(); }

  // Nodes that make one value into an output, perhaps in several steps, and nothing else of it.
  // Nodes are in order: users stand behind.
  void find_ends() {
    ends_.assign(count(), false);
    for (size_t i = count(); i-- > 0;) {
      ends_[i] = before_[i].size() <= 1 &&
                 std::ranges::all_of(users_[i], [&](NodeId user) { return ends_[at(user)]; });
    }
  }

  // Places the node after all that it needs, in the order of its inputs. No recursion: graphs are
  // as deep as they like.
  void make(NodeId wanted) {
    struct Step {
      NodeId id;
      size_t next = 0;  // of what it needs
    };
    std::vector<Step> path = {{wanted}};
    while (!path.empty()) {
      Step& step = path.back();
      const std::vector<NodeId>& needed = before_[at(step.id)];
      while (step.next < needed.size() && placed_[at(needed[step.next])]) ++step.next;
      if (!placed_[at(step.id)] && step.next < needed.size()) {
        path.push_back({needed[step.next]});
        continue;
      }
      place(step.id);
      path.pop_back();
    }
  }

  // And those that end in outputs and wait for nothing else.
  void place(NodeId first) {
    std::vector<NodeId> ready = {first};
    while (!ready.empty()) {
      const NodeId id = ready.back();
      ready.pop_back();
      if (placed_[at(id)]) continue;
      placed_[at(id)] = true;
      order_.push_back(id);
      for (const NodeId user : users_[at(id)]) {
        if (--waiting_[at(user)] == 0 && ends_[at(user)]) ready.push_back(user);
      }
    }
  }

  const Graph& graph_;
  std::vector<std::vector<NodeId>> before_, users_;
  std::vector<size_t> waiting_;  // how many of before_ are not placed
  std::vector<bool> placed_, ends_;
  std::vector<NodeId> order_;
};

Status order_graph(Graph& graph) {
  const std::vector<NodeId> order = Orderer(graph).run();
  if (std::ranges::is_sorted(order)) return Status();
  std::vector<ValueId> values;
  for (size_t i = 0; i < graph.values().size(); ++i) values.push_back(static_cast<ValueId>(i));
  graph.renumber(order, values, [](graph::Node&) {});
  return Status();
}

}  // namespace

Status order_nodes(graph::Model& model) { return for_each_graph(model, order_graph); }

}  // namespace escuta::passes
