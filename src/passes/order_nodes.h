// The order in which a graph's nodes run.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// What nobody but the caller reads is made as soon as it can be, so that what it is made of can go;
// everything else as late as it can, just before it is read. Bodies, too.
Status order_nodes(graph::Model& model);

}  // namespace escuta::passes
