// A part of a model as a model of its own.
#pragma once

#include <span>

#include "graph/graph.h"

namespace escuta::graph {

// The nodes, which are in the model's order, with what they need. Inputs are the values that they
// use and others make, outputs those that they make and others use, both in the order in which the
// model has them and under their names; optional inputs stay optional. Constants are shared and no
// longer external: the part is not in any file, so its path is empty.
Model extract(const Model& model, std::span<const NodeId> nodes);

}  // namespace escuta::graph
