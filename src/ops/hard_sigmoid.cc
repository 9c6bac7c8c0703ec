#include <algorithm>

#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct HardSigmoid {
  explicit HardSigmoid(const NodeInfo& node)
      : alpha(node.number("alpha", 0.2f)), beta(node.number("beta", 0.5f)) {}
  template <typename T>
  T operator()(T x) const {
    return std::max<T>(std::min<T>(alpha * x + beta, 1), 0);  // in this order NaN stays
  }
  float alpha;
  float beta;
};

}  // namespace

extern const Operator kHardSigmoid = unary_of<HardSigmoid>("HardSigmoid", {1, 6, 22});

}  // namespace escuta::ops
