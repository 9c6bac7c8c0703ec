// onnx::Model -> Model: names become ids, and what makes no sense is refused.
//
// Checked: IR version and operator sets; one definition per name; every name
// used is defined, here or, for subgraphs, further out; no cycles (nodes that
// merely come in another order are sorted); initializers agree with the inputs
// that they are defaults of; sparse indices in range; functions do not call
// themselves. InvalidArgument otherwise. Any thread.
#pragma once

#include <filesystem>
#include <memory>

#include "base/status.h"
#include "graph/graph.h"
#include "onnx/reader.h"

namespace escuta::graph {

Result<Model> import_model(onnx::Model model);

// Reads and imports; messages start with the path.
Result<std::shared_ptr<const Model>> load_model(const std::filesystem::path& path,
                                                const onnx::ReadOptions& options = {});

}  // namespace escuta::graph
