#include "generate/hypotheses.h"

#include <algorithm>
#include <cmath>

namespace escuta::generate {

double rank(const Hypothesis& hypothesis, std::optional<double> length_penalty) {
  const auto length = static_cast<double>(hypothesis.tokens.size());
  if (length_penalty) return hypothesis.sum_log_prob / std::pow((5 + length) / 6, *length_penalty);
  return hypothesis.sum_log_prob / std::max(length, 1.0);
}

}  // namespace escuta::generate
