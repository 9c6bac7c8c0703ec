// A model as `escuta inspect` shows it: a page for people, and the same as JSON. Any thread.
#pragma once

#include <string>

#include "base/json.h"
#include "graph/graph.h"

namespace escuta::cli {

// Lines of at most 100 characters, with a newline at the end.
std::string render_model_page(const graph::Model& model);

// {"file", "size_bytes", "producer", "producer_version", "ir_version", "model_version", "domain",
//  "graph", "opsets": {domain: version}, "inputs"/"optional_inputs"/"outputs": [{"name", "type",
//  "shape": [number | symbol | null] | null}], "state": [{"input", "output"}], "nodes",
//  "operators": {name: count}, "parameters": {"count", "tensors", "bytes", "by_type": {...}},
//  "external_data": [{"file", "tensors", "bytes"}], "subgraphs", "functions", "metadata",
//  "left_out"}
Json model_json(const graph::Model& model);

}  // namespace escuta::cli
