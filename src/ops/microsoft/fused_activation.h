// The activation that fused operators apply to their result, named by the attribute `activation`.
// Names and defaults are those of the ONNX operators.
#pragma once

#include "ops/node_info.h"

namespace escuta::ops {

class FusedActivation {
 public:
  // Reads activation, activation_alpha, activation_beta, activation_gamma; none where there is no
  // `activation`. Fails the node for names that are not known.
  explicit FusedActivation(const NodeInfo& node);

  bool is_none() const { return function_ == nullptr; }
  double operator()(double x) const { return function_(x, alpha_, beta_); }

 private:
  double (*function_)(double x, double alpha, double beta) = nullptr;
  double alpha_ = 0, beta_ = 0;
};

}  // namespace escuta::ops
