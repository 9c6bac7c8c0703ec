#include "ops/ml/kernel_function.h"

#include <cmath>

namespace escuta::ops::ml {

KernelFunction::KernelFunction(const NodeInfo& node) {
  const std::string name = node.text("kernel_type", "LINEAR");
  if (name == "POLY") {
    kind_ = Kind::kPoly;
  } else if (name == "RBF") {
    kind_ = Kind::kRbf;
  } else if (name == "SIGMOID") {
    kind_ = Kind::kSigmoid;
  } else if (name != "LINEAR") {
    node.fail(invalid_argument(
        "attribute `kernel_type`: expected LINEAR, POLY, RBF or SIGMOID, found `{}`", name));
  }
  const std::vector<float> parameters = node.numbers("kernel_params", {0, 0, 0});
  if (parameters.size() != 3) {
    node.fail(
        invalid_argument("attribute `kernel_params`: expected gamma, coef0 and degree, found "
                         "{} numbers",
                         parameters.size()));
    return;
  }
  gamma_ = static_cast<double>(parameters[0]);
  coef0_ = static_cast<double>(parameters[1]);
  degree_ = static_cast<double>(parameters[2]);
}

double KernelFunction::operator()(const double* a, const float* b, size_t width) const {
  double sum = 0;
  for (size_t i = 0; i < width; ++i) {
    const double y = static_cast<double>(b[i]);
    sum += kind_ == Kind::kRbf ? (a[i] - y) * (a[i] - y) : a[i] * y;
  }
  switch (kind_) {
    case Kind::kLinear:
      return sum;
    case Kind::kPoly:
      return std::pow(gamma_ * sum + coef0_, degree_);
    case Kind::kRbf:
      return std::exp(-gamma_ * sum);
    case Kind::kSigmoid:
      return std::tanh(gamma_ * sum + coef0_);
  }
  return sum;
}

}  // namespace escuta::ops::ml
