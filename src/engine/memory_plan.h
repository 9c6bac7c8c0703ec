// Where values lie in one block of memory, so that values which live at the same time do not
// overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace escuta::engine {

// A value's life in steps, both included, and how many bytes it needs; 0: none.
struct Lifetime {
  int first = 0;
  int last = 0;
  size_t bytes = 0;
};

struct MemoryPlan {
  static constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> offsets;  // per value; kNone where bytes was 0
  std::vector<size_t> sizes;    // what is reserved
  size_t total = 0;
};

// Largest first, each at the lowest offset where it fits ("greedy by size", Pisarchyk and Lee,
// Efficient Memory Management for Deep Neural Net Inference, 2020). Offsets are multiples of 64.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

}  // namespace escuta::engine
