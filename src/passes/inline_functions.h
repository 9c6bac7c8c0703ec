// Calls of model-local functions -> the functions' nodes.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// Afterwards no node calls a function; nodes from functions carry the opset of theirs.
// ResourceExhausted when the functions expand to more than a million nodes.
Status inline_functions(graph::Model& model);

}  // namespace escuta::passes
