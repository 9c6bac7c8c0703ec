// What the graph passes make of a model, as `escuta inspect --optimized` shows it. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "passes/pass.h"

namespace escuta::cli {

struct Optimized {
  graph::Model model;
  std::vector<passes::PassReport> reports;  // of the passes that ran, in order
};

Result<Optimized> optimize(const graph::Model& model, const std::vector<std::string>& off);

// Nodes before and after each pass, and of each operator; lines of at most 100 characters.
std::string optimized_text(const graph::Model& before, const Optimized& after);
// {"passes": [{"name", "nodes_before", "nodes_after"}], "nodes_before", "nodes_after",
//  "operators_before": {name: count}, "operators_after": {name: count}}
Json optimized_json(const graph::Model& before, const Optimized& after);

// Every pass with its summary, once each, in the order in which they run first.
std::string passes_text();
Json passes_json();

}  // namespace escuta::cli
