// Activations of transformer models (Hendrycks, Gimpel: "Gaussian Error Linear Units", 2016).
#pragma once

#include <cmath>
#include <numbers>

namespace escuta::ops {

template <typename W>
W gelu(W x) {
  return static_cast<W>(0.5) * x * (1 + std::erf(x * static_cast<W>(std::numbers::sqrt2 / 2)));
}

template <typename W>
W gelu_tanh(W x) {
  const W inner = static_cast<W>(0.7978845608028654) * (x + static_cast<W>(0.044715) * x * x * x);
  return static_cast<W>(0.5) * x * (1 + std::tanh(inner));
}

// x * sigmoid(x), without overflow for any x.
template <typename W>
W silu(W x) {
  return x / (1 + std::exp(-x));
}

}  // namespace escuta::ops
