// Shape inference from scales: Resize and Upsample.
#pragma once

#include <optional>
#include <vector>

#include "ops/inference.h"

namespace escuta::ops {

// The elements of input i, a constant of floats.
std::optional<std::vector<float>> constant_floats(const NodeInfo& node, size_t i);

// Each dimension times its scale, rounded down. Fails the node where their numbers differ.
std::optional<Dims> scaled_dims(const NodeInfo& node, const std::optional<Dims>& input,
                                const std::optional<std::vector<float>>& scales);

}  // namespace escuta::ops
