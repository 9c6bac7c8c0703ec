// Tensors of the model (graph::Constant) as values that run.
#pragma once

#include "graph/fact.h"
#include "tensor/datum.h"

namespace escuta::ops {

// Shares the constant's bytes where they are aligned, else copies. FailedPrecondition where
// external data was not loaded, InvalidArgument where there are not as many bytes as the shape asks
// for.
Result<Datum> datum_of(const graph::ConstantPtr& constant);

}  // namespace escuta::ops
