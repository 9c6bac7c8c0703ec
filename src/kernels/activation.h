// What a product may apply to its result before storing it.
#pragma once

namespace escuta::kernels {

enum class Activation {
  kNone,
  kRelu,      // max(x, 0)
  kGeluErf,   // x * (1 + erf(x / sqrt(2))) / 2
  kGeluTanh,  // x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
  kSilu,      // x / (1 + exp(-x))
  kTanh,
  kSigmoid,
};

}  // namespace escuta::kernels
