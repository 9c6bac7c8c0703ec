// The order in which a graph's nodes run.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace escuta::engine {

// The graph's own order, but for nodes that read nothing that a node makes: they could run at any
// time, and run where their result is first needed, so that it does not lie about until then. What
// of it only leaves the graph (the keys of a cache, turned) follows at once. Exporters write the
// keys and values of all layers' cross attention before the first layer; held together they are
// most of what a decoder's first run takes.
std::vector<graph::NodeId> schedule(const graph::Graph& graph);

}  // namespace escuta::engine
