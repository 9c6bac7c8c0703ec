// Activations of transformer models (Hendrycks, Gimpel: "Gaussian Error Linear Units", 2016).
#pragma once

#include <cmath>
#include <numbers>

namespace escuta::ops {

// x * (1 + erf(x / sqrt(2))) / 2, without cancellation far below 0.
template <typename W>
W gelu(W x) {
  return static_cast<W>(0.5) * x * std::erfc(-x * static_cast<W>(std::numbers::sqrt2 / 2));
}

// x * (1 + tanh(u)) / 2 with u = sqrt(2 / pi) * (x + 0.044715 x^3), which is x * sigmoid(2 u).
template <typename W>
W gelu_tanh(W x) {
  const W u = static_cast<W>(0.7978845608028654) * (x + static_cast<W>(0.044715) * x * x * x);
  return x / (1 + std::exp(-2 * u));
}

// x * sigmoid(x), without overflow for any x.
template <typename W>
W silu(W x) {
  return x / (1 + std::exp(-x));
}

}  // namespace escuta::ops
