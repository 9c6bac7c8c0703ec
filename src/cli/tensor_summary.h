// A tensor in a few numbers, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace escuta::cli {

// Not a number is counted and left out of the rest. Nothing where there is no element to compare.
struct TensorSummary {
  std::optional<double> min, mean, max;
  int64_t nan = 0;
  std::vector<double> first;  // the first elements, at most 8
};

// Unimplemented for complex numbers, float8 and elements under 8 bits.
Result<TensorSummary> summarize(const TensorView& tensor);

}  // namespace escuta::cli
