// ScatterElements, and Scatter, as it was called before.
#pragma once

#include "ops/operator.h"

namespace escuta::ops {

void infer_scatter_elements(Inference& node);
Result<KernelPtr> create_scatter_elements(const NodeInfo& node);

}  // namespace escuta::ops
