#include "generate/log_prob.h"

#include <cmath>
#include <limits>

namespace escuta::generate {
namespace {

// Terms this far under the largest add less than 1e-13 of it: not worth an exp.
constexpr float kNegligible = 30.0f;

float largest(std::span<const float> logits) {
  float best = -std::numeric_limits<float>::infinity();
  for (const float x : logits) best = x > best ? x : best;
  return best;
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  const float best = largest(logits);
  if (std::isinf(best)) return best;
  double sum = 0;
  for (const float x : logits) {
    if (x > best - kNegligible) sum += std::exp(static_cast<double>(x - best));
  }
  return best + std::log(sum);
}

int32_t arg_max(std::span<const float> logits) {
  const float best = largest(logits);
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] == best) return static_cast<int32_t>(i);
  }
  return 0;
}

double probability(std::span<const float> logits, int32_t token) {
  if (token < 0 || static_cast<size_t>(token) >= logits.size()) return 0;
  return std::exp(logits[static_cast<size_t>(token)] - log_sum_exp(logits));
}

}  // namespace escuta::generate
