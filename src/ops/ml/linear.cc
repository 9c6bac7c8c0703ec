#include "ops/ml/linear.h"

namespace escuta::ops::ml {

void linear_scores(const double* row, int64_t width, std::span<const float> coefficients,
                   std::span<const float> intercepts, std::span<double> dst) {
  const auto step = static_cast<size_t>(width);
  for (size_t target = 0; target < dst.size(); ++target) {
    double sum = intercepts.empty() ? 0.0 : static_cast<double>(intercepts[target]);
    for (size_t i = 0; i < step; ++i) {
      sum += row[i] * static_cast<double>(coefficients[target * step + i]);
    }
    dst[target] = sum;
  }
}

Status check_coefficients(size_t found, size_t targets, int64_t width) {
  size_t expected = 0;
  if (__builtin_mul_overflow(targets, static_cast<size_t>(width), &expected) || expected != found) {
    return invalid_argument("expected {} x {} coefficients (targets, features), found {}", targets,
                            width, found);
  }
  return {};
}

}  // namespace escuta::ops::ml
