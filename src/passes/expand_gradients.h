// Gradient nodes (ai.onnx.preview.training) -> nodes that compute the derivatives.
//
// A Gradient names a part of the graph around it, so no kernel can compute it: reverse-mode
// differentiation writes the derivatives down as nodes (Griewank and Walther, 2008). The operators
// that have a derivative here are those of gradient_rules.cc.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// Afterwards no node is a Gradient. InvalidArgument: its names are none of its graph;
// Unimplemented: an operator between xs and y has no derivative here; ResourceExhausted: more than
// 100,000 nodes, as gradients of gradients can have.
Status expand_gradients(graph::Model& model);

}  // namespace escuta::passes
