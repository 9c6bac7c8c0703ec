// Activation functions that operators name in attributes, with their parameters.
#pragma once

#include <cstdint>
#include <string_view>

namespace escuta::ops {

struct Activation {
  enum class Kind {
    kRelu,
    kTanh,
    kSigmoid,
    kAffine,
    kLeakyRelu,
    kThresholdedRelu,
    kScaledTanh,
    kHardSigmoid,
    kElu,
    kSoftsign,
    kSoftplus,
    kClip,  // to [alpha, beta]
  };
  Kind kind = Kind::kTanh;
  float alpha = 0;
  float beta = 0;

  // x[i] = f(x[i]).
  template <typename A>
  void apply(A* x, int64_t count) const;
};
extern template void Activation::apply(float* x, int64_t count) const;
extern template void Activation::apply(double* x, int64_t count) const;

// An activation by its name, upper and lower case alike; nullptr when there is none. The parameters
// are the defaults: those of the ONNX operator of that name.
struct NamedActivation {
  std::string_view name;
  Activation activation;
  bool has_alpha, has_beta;
};
const NamedActivation* find_activation(std::string_view name);

}  // namespace escuta::ops
