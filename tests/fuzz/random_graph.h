// Random valid graphs: typed nodes over what earlier nodes made.
//
// Every node is run on the operators' plain loops as it is drawn, so types, shapes and elements of
// what the next one may read are known without a second description of each operator.
#pragma once

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "engine/provider.h"
#include "engine/value.h"
#include "onnx/model.h"

namespace escuta::fuzz {

struct RandomGraph {
  onnx::Model model;                  // tensors borrow from `storage`
  std::vector<engine::Value> inputs;  // one per graph input
  std::vector<double> tolerances;  // per output: how far elements of two right engines may be apart
  std::deque<std::vector<std::byte>> storage;
  std::vector<std::string> skipped;  // reasons of ort_limits.inc for which a node was left out
  std::string refusal;               // a valid node that the plain loops do not run; "": none
  std::string describe() const;      // its nodes, a line each
};

struct DrawOptions {
  // Only what ONNX Runtime has (ort_limits.inc), so that it can run the whole graph.
  bool for_ort = true;
  std::string only;  // this operator alone, in every entry of the list; "": any
};

// The same graph for the same seed. `cpu` runs the nodes while they are drawn.
RandomGraph make_random_graph(uint64_t seed, const engine::Provider& cpu,
                              const DrawOptions& options);

// The operators that random graphs have, "domain::name", each once.
std::vector<std::string> drawn_operators();

}  // namespace escuta::fuzz
