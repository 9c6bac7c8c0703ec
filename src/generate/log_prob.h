// Log probabilities from logits, over the vector loops of kernels/: relative errors are those of
// f32, some 1e-7. The same logits give the same results, whatever stands beside them. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace escuta::generate {

// log(sum(exp(x))); minus infinity when every x is; NaN or infinity when an x is.
double log_sum_exp(std::span<const float> logits);

// The largest; NaN when there is one, minus infinity of nothing.
float largest(std::span<const float> logits);

// The index of the largest logit, the first of equals; logits must not be empty. NaN never wins.
int32_t arg_max(std::span<const float> logits);

// The indices of the `count` largest (fewer where there are fewer), largest first, of equals the
// first; none that is minus infinity or NaN.
std::vector<int32_t> top(std::span<const float> logits, size_t count);

// exp(logits[token]) / sum(exp(logits)); 0 for a token outside the vocabulary.
double probability(std::span<const float> logits, int32_t token);

// The index at which the sum of softmax(logits / temperature) passes `uniform`, from 0 to below 1;
// never one of probability 0. Some logits are finite; temperature is over 0.
int32_t draw(std::span<const float> logits, double temperature, double uniform);

}  // namespace escuta::generate
