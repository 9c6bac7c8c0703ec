#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct ThresholdedRelu {
  explicit ThresholdedRelu(const NodeInfo& node) : alpha(node.number("alpha", 1)) {}
  template <typename T>
  T operator()(T x) const {
    return x > alpha ? x : T{0};
  }
  float alpha;
};

}  // namespace

extern const Operator kThresholdedRelu = unary_of<ThresholdedRelu>("ThresholdedRelu", {10, 22});

}  // namespace escuta::ops
