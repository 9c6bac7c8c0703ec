// Runs a node by itself, on tensors that are at hand: constant folding, tests.
#pragma once

#include <span>
#include <vector>

#include "ops/operator.h"

namespace escuta::ops {

// The kernel's outputs, one per wanted[i]; none where that is false. Inputs: none for absent ones.
// Nodes with bodies: Unimplemented. Allocating more than `limit` bytes: ResourceExhausted.
Result<std::vector<Datum>> evaluate(const Kernel& kernel, std::span<const Datum> inputs,
                                    const std::vector<bool>& wanted,
                                    size_t limit = size_t{1} << 34);

}  // namespace escuta::ops
