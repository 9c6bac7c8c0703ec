// Rewrites of a graph that leave its results as they are: each pass by its name, and all in order.
//
// A pass changes the model it is given, bodies of control flow included, and leaves it valid. It
// makes only nodes of operators that ops/ has, so that a rewritten graph can be shown, written and
// run anywhere. Any thread, one model at a time.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

struct Pass {
  std::string_view name;     // "fold_constants"
  std::string_view summary;  // one line for people
  Status (*run)(graph::Model& model);
};

// In the order in which they run; some run twice.
std::span<const Pass> all_passes();

// What a pass did.
struct PassReport {
  std::string_view name;
  int nodes_before = 0;  // bodies included
  int nodes_after = 0;
};

struct OptimizeOptions {
  // Names of passes that are not to run; "all": only what running needs (functions inlined, types
  // inferred). NotFound for a name that no pass has.
  std::vector<std::string> off;
  std::function<void(const PassReport&)> report;
};

// A copy of the model, rewritten.
Result<graph::Model> optimize(const graph::Model& model, const OptimizeOptions& options);

// Calls function for the model's graph and all bodies, inner ones first; bodies are copied.
Status for_each_graph(graph::Model& model, const std::function<Status(graph::Graph&)>& function);
Status for_each_graph(graph::Graph& graph, const std::function<Status(graph::Graph&)>& function);

int count_nodes(const graph::Graph& graph);  // bodies included

}  // namespace escuta::passes
