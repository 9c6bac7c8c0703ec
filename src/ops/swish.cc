#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct Swish {
  explicit Swish(const NodeInfo& node) : alpha(node.number("alpha", 1)) {}
  template <typename T>
  T operator()(T x) const {
    return x / (1 + std::exp(-alpha * x));
  }
  float alpha;
};

}  // namespace

extern const Operator kSwish = unary_of<Swish>("Swish", {24});

}  // namespace escuta::ops
