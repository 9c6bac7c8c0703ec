// Log probabilities from logits, in double so that the sum over a vocabulary keeps its digits.
#pragma once

#include <cstdint>
#include <span>

namespace escuta::generate {

// log(sum(exp(x))); minus infinity when every x is.
double log_sum_exp(std::span<const float> logits);

// The index of the largest logit, the first of equals; logits must not be empty. NaN never wins.
int32_t arg_max(std::span<const float> logits);

// exp(logits[token]) / sum(exp(logits)); 0 for a token outside the vocabulary.
double probability(std::span<const float> logits, int32_t token);

}  // namespace escuta::generate
