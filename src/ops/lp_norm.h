// Sums of |x|^p and their roots, for LpPool and GlobalLpPool.
#pragma once

#include <cmath>

#include "ops/node_info.h"

namespace escuta::ops {

class LpNorm {
 public:
  // Attribute p: a float in version 1, an integer later; 2 unless given.
  explicit LpNorm(const NodeInfo& node)
      : p_(node.version() < 2 ? static_cast<double>(node.number("p", 2.0F))
                              : static_cast<double>(node.integer("p", 2))) {
    if (!(p_ > 0)) {
      node.fail(invalid_argument("attribute `p`: expected a positive number, found {}", p_));
    }
  }

  double power(double x) const {
    const double size = std::abs(x);
    return p_ == 2 ? size * size : p_ == 1 ? size : std::pow(size, p_);
  }
  double root(double sum) const {
    return p_ == 2 ? std::sqrt(sum) : p_ == 1 ? sum : std::pow(sum, 1 / p_);
  }

 private:
  double p_;
};

}  // namespace escuta::ops
