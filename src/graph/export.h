// Model -> onnx::Model, for writing a file or handing a graph to another
// engine.
#pragma once

#include "graph/graph.h"
#include "onnx/model.h"

namespace escuta::graph {

// Tensors borrow from the model's constants, and the result keeps those alive.
// Constants that are external stay so: their file must lie beside whatever is
// written. Any thread.
onnx::Model export_model(const Model& model);

}  // namespace escuta::graph
