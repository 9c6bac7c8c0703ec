// The kernel functions of support vector machines (Chang and Lin, "LIBSVM: a library for support
// vector machines", 2011, section 4): linear, polynomial, radial basis, sigmoid.
#pragma once

#include <span>
#include <vector>

#include "ops/node_info.h"

namespace escuta::ops::ml {

class KernelFunction {
 public:
  // Attributes `kernel_type` and `kernel_params` (gamma, coef0, degree); fails the node for others.
  explicit KernelFunction(const NodeInfo& node);

  // a, b: `width` numbers each.
  double operator()(const double* a, const float* b, size_t width) const;

 private:
  enum class Kind { kLinear, kPoly, kRbf, kSigmoid };
  Kind kind_ = Kind::kLinear;
  double gamma_ = 0;
  double coef0_ = 0;
  double degree_ = 0;
};

}  // namespace escuta::ops::ml
