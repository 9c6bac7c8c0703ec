// A graph that computes only some rows of an output: which ones is a further input.
#pragma once

#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// output [..., T, ...] becomes output [..., n, ...]: the rows that `input`, int64 [n], names along
// `axis`. They are taken as early as the operators in between work row by row (products by
// weights, normalisations over the last axis, elementwise ones). False, and nothing changed, where
// there is none such, or the output is not known well enough.
Result<bool> choose_rows(graph::Model& model, const std::string& output, int64_t axis,
                         const std::string& input);

}  // namespace escuta::passes
