#include "graph/rewriter.h"
#include "passes/pass.h"

namespace escuta::passes {

Status eliminate_dead(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return graph::Rewriter(graph).finish(); });
}

}  // namespace escuta::passes
