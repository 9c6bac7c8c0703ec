// Rows times coefficients plus intercepts: what the linear models share.
#pragma once

#include <span>
#include <vector>

#include "ops/ml/rows.h"

namespace escuta::ops::ml {

// dst [targets]: row [width] times coefficients [targets, width], plus intercepts [targets] (or
// none).
void linear_scores(const double* row, int64_t width, std::span<const float> coefficients,
                   std::span<const float> intercepts, std::span<double> dst);

// InvalidArgument unless there are targets * width coefficients.
Status check_coefficients(size_t found, size_t targets, int64_t width);

}  // namespace escuta::ops::ml
