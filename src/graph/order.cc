#include "graph/order.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace escuta::graph {
namespace {

// Walks from a node that never became ready to something it waits for, until
// the walk bites its own tail.
std::vector<int32_t> find_cycle(const std::vector<std::vector<int32_t>>& dependencies,
                                const std::vector<int32_t>& waiting) {
  const auto is_stuck = [&](int32_t node) { return waiting[static_cast<size_t>(node)] > 0; };
  const auto start = std::ranges::find_if(waiting, [](int32_t n) { return n > 0; });
  std::vector<int32_t> path = {static_cast<int32_t>(start - waiting.begin())};
  std::vector<int32_t> place(waiting.size(), -1);
  for (;;) {
    const int32_t node = path.back();
    if (place[static_cast<size_t>(node)] >= 0) {
      path.pop_back();
      path.erase(path.begin(), path.begin() + place[static_cast<size_t>(node)]);
      return path;
    }
    place[static_cast<size_t>(node)] = static_cast<int32_t>(path.size()) - 1;
    path.push_back(*std::ranges::find_if(dependencies[static_cast<size_t>(node)], is_stuck));
  }
}

}  // namespace

Order sort_topologically(const std::vector<std::vector<int32_t>>& dependencies) {
  const size_t count = dependencies.size();
  std::vector<int32_t> waiting(count, 0);
  std::vector<std::vector<int32_t>> users(count);
  for (size_t i = 0; i < count; ++i) {
    for (const int32_t before : dependencies[i]) {
      users[static_cast<size_t>(before)].push_back(static_cast<int32_t>(i));
      ++waiting[i];
    }
  }
  std::priority_queue<int32_t, std::vector<int32_t>, std::greater<>> ready;
  for (size_t i = 0; i < count; ++i) {
    if (waiting[i] == 0) ready.push(static_cast<int32_t>(i));
  }
  Order order;
  order.sorted.reserve(count);
  while (!ready.empty()) {
    const int32_t node = ready.top();
    ready.pop();
    order.sorted.push_back(node);
    for (const int32_t user : users[static_cast<size_t>(node)]) {
      if (--waiting[static_cast<size_t>(user)] == 0) ready.push(user);
    }
  }
  if (order.sorted.size() < count) order.cycle = find_cycle(dependencies, waiting);
  return order;
}

}  // namespace escuta::graph
