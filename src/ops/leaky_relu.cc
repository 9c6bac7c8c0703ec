#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct LeakyRelu {
  explicit LeakyRelu(const NodeInfo& node) : alpha(node.number("alpha", 0.01f)) {}
  template <typename T>
  T operator()(T x) const {
    return x < 0 ? alpha * x : x;
  }
  float alpha;
};

}  // namespace

extern const Operator kLeakyRelu = unary_of<LeakyRelu>("LeakyRelu", {1, 6, 16});

}  // namespace escuta::ops
