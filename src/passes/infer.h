// Types and shapes of all values, from the inputs on.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// Fills Value::fact of everything that nodes make, bodies included. What the model declares is kept
// where inference knows less. InvalidArgument: a node contradicts its operator's specification.
Status infer(graph::Model& model);

}  // namespace escuta::passes
