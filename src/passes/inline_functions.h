// Calls of model-local functions -> the functions' nodes.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// Afterwards no node calls a function; nodes from functions carry the opset of theirs.
// ResourceExhausted when the functions are too large where they are called.
Status inline_functions(graph::Model& model);

}  // namespace escuta::passes
