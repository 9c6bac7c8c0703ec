// State in half the memory: inputs and outputs of a graph in float16.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// The inputs and outputs of these names become float16 where they are float; other names are left
// out. An output is rounded (escuta's ToFloat16) as soon as it is made, in the branch of an If
// where it is made in one. MultiHeadAttention of com.microsoft reads such keys and values as they
// are, anything else by way of a Cast. For graphs whose types are inferred and which the other
// passes are done with. False, and nothing changed, where that would change the type of another
// output.
Result<bool> keep_as_float16(graph::Model& model, std::span<const std::string> names);

}  // namespace escuta::passes
