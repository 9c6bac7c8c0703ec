// One graph of a model -> Graph. Internal to graph/; import.h is the way in.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "onnx/model.h"

namespace escuta::graph {

struct ImportContext {
  std::shared_ptr<const void> owner;        // of the bytes of all tensors
  std::unordered_set<std::string> domains;  // whose operator sets are imported
  bool in_function = false;
};

// The graph of a model, or the body of a function.
Result<Graph> import_graph(onnx::GraphDef def, const ImportContext& context);

// An attribute without graphs in it: a default of a function.
Result<Attribute> import_constant_attribute(onnx::AttributeDef def, const ImportContext& context);

Result<ConstantPtr> import_constant(onnx::TensorDef def, const ImportContext& context);
Result<SparseConstantPtr> import_sparse(onnx::SparseTensorDef def, const ImportContext& context);

}  // namespace escuta::graph
