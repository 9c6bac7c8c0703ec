// From a node to its operator and the version of it that the model means.
#pragma once

#include "base/status.h"
#include "graph/graph.h"
#include "ops/operator.h"

namespace escuta::ops {

struct Resolved {
  const Operator* op = nullptr;
  int version = 0;
};

// Unimplemented: nobody knows the operator, or it is younger or older than the model's opset;
// InvalidArgument: it has too many or too few inputs or outputs. The message names operator, domain
// and version, not the node.
Result<Resolved> resolve(const graph::Model& model, const graph::Node& node);

}  // namespace escuta::ops
