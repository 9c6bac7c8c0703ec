// Random valid graphs: nodes over what earlier nodes made, types and shapes known throughout.
#pragma once

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "engine/value.h"
#include "onnx/model.h"

namespace escuta::fuzz {

struct RandomGraph {
  onnx::Model model;                  // tensors borrow from `storage`
  std::vector<engine::Value> inputs;  // one per graph input
  std::vector<double> tolerances;     // per output: how far two right engines may be apart,
                                      // relative to its largest element
  std::deque<std::vector<std::byte>> storage;
  std::string describe() const;  // its nodes, a line each
};

// The same graph for the same seed. Operators whose result jumps (comparisons, rounding to
// integers, positions of maxima) only see values that two engines must have bit for bit.
RandomGraph make_random_graph(uint64_t seed);

}  // namespace escuta::fuzz
