#include "engine/schedule.h"

#include <algorithm>

namespace escuta::engine {
namespace {

using graph::NodeId;
using graph::ValueId;

class Scheduler {
 public:
  explicit Scheduler(const graph::Graph& graph)
      : graph_(graph),
        reads_(graph.nodes().size()),
        readers_(graph.values().size()),
        groups_(graph.nodes().size(), graph::kNoNode) {
    for (size_t i = 0; i < graph.nodes().size(); ++i) {
      find_reads(graph.node(static_cast<NodeId>(i)), reads_[i]);
      for (const ValueId value : reads_[i]) {
        readers_[static_cast<size_t>(value)].push_back(static_cast<NodeId>(i));
      }
    }
  }

  std::vector<NodeId> run() {
    const auto count = static_cast<NodeId>(reads_.size());
    find_groups(count);
    std::vector<std::vector<NodeId>> before(at(count));  // groups, by the node that needs them
    std::vector<std::vector<NodeId>> members(at(count));
    for (NodeId id = 0; id < count; ++id) {
      if (groups_[at(id)] != graph::kNoNode) members[at(groups_[at(id)])].push_back(id);
    }
    for (NodeId id = 0; id < count; ++id) {
      if (groups_[at(id)] == id) before[at(first_need(id))].push_back(id);
    }
    std::vector<NodeId> order;
    for (NodeId id = 0; id < count; ++id) {
      for (const NodeId group : before[at(id)]) {
        order.insert(order.end(), members[at(group)].begin(), members[at(group)].end());
      }
      if (groups_[at(id)] == graph::kNoNode) order.push_back(id);
    }
    return order;
  }

 private:
  static size_t at(NodeId id) { return static_cast<size_t>(id); }

  // What nodes make, of what this one and its bodies read.
  void find_reads(const graph::Node& node, std::vector<ValueId>& reads) const {
    const auto add = [&](ValueId value) {
      if (value != graph::kNoValue && graph_.value(value).producer != graph::kNoNode) {
        reads.push_back(value);
      }
    };
    for (const ValueId value : node.inputs) add(value);
    for (const graph::GraphPtr& body : node.subgraphs()) {
      for (const graph::Capture& capture : body->captures) add(capture.outer);
    }
  }

  // A node that reads nothing of others is the head of a group; those that read of one group alone
  // are in it, unless something else needs what they make.
  void find_groups(NodeId count) {
    for (NodeId id = 0; id < count; ++id) {
      const std::vector<ValueId>& reads = reads_[at(id)];
      const auto group = [&](ValueId value) { return groups_[at(graph_.value(value).producer)]; };
      const NodeId first = reads.empty() ? id : group(reads.front());
      const bool same = std::all_of(reads.begin(), reads.end(),
                                    [&](ValueId value) { return group(value) == first; });
      groups_[at(id)] = same ? first : graph::kNoNode;
    }
    for (NodeId id = count - 1; id >= 0; --id) {
      // A head that the rest of the graph does not need stays where it is, and all that is no head
      // where the rest does need it.
      const bool needed = first_need(id) < count;
      if (needed != (groups_[at(id)] == id)) groups_[at(id)] = graph::kNoNode;
    }
    for (NodeId id = 0; id < count; ++id) {
      const NodeId group = groups_[at(id)];
      if (group != graph::kNoNode && groups_[at(group)] == graph::kNoNode) {
        groups_[at(id)] = graph::kNoNode;
      }
    }
  }

  // The first node of another group, or of none, that reads what this one makes; their number where
  // there is none.
  NodeId first_need(NodeId id) const {
    auto first = static_cast<NodeId>(reads_.size());
    for (const ValueId value : graph_.node(id).outputs) {
      if (value == graph::kNoValue) continue;
      for (const NodeId reader : readers_[static_cast<size_t>(value)]) {
        if (groups_[at(reader)] != groups_[at(id)]) first = std::min(first, reader);
      }
    }
    return first;
  }

  const graph::Graph& graph_;
  std::vector<std::vector<ValueId>> reads_;   // per node
  std::vector<std::vector<NodeId>> readers_;  // per value
  std::vector<NodeId> groups_;                // per node: the head of its group, or none
};

}  // namespace

std::vector<graph::NodeId> schedule(const graph::Graph& graph) { return Scheduler(graph).run(); }

}  // namespace escuta::engine
