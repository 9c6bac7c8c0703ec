// Topological order. Internal to graph/.
#pragma once

#include <cstdint>
#include <vector>

namespace escuta::graph {

struct Order {
  std::vector<int32_t> sorted;  // all nodes, each after what it depends on
  std::vector<int32_t> cycle;   // when there is one: each depends on the next,
                                // the last on the first
};

// dependencies[i] are the nodes that must come before i. Of those that may come
// next the one with the lowest number does, so that a sequence in order keeps
// it (Kahn, 1962).
Order sort_topologically(const std::vector<std::vector<int32_t>>& dependencies);

}  // namespace escuta::graph
