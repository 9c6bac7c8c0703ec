#include "engine/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace escuta::engine {

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes) {
  constexpr size_t kAlignment = 64;
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), MemoryPlan::kNone);
  plan.sizes.assign(lifetimes.size(), 0);
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<size_t> placed;  // by offset
  for (const size_t value : order) {
    const Lifetime& life = lifetimes[value];
    if (life.bytes == 0) break;
    const size_t size = (life.bytes + kAlignment - 1) / kAlignment * kAlignment;
    size_t offset = 0;
    for (const size_t other : placed) {
      if (lifetimes[other].first > life.last || lifetimes[other].last < life.first) continue;
      if (plan.offsets[other] >= offset + size) break;
      offset = std::max(offset, plan.offsets[other] + plan.sizes[other]);
    }
    plan.offsets[value] = offset;
    plan.sizes[value] = size;
    plan.total = std::max(plan.total, offset + size);
    const auto at = std::upper_bound(placed.begin(), placed.end(), offset,
                                     [&](size_t o, size_t b) { return o < plan.offsets[b]; });
    placed.insert(at, value);
  }
  return plan;
}

}  // namespace escuta::engine
