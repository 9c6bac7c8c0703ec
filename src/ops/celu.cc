#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct Celu {
  explicit Celu(const NodeInfo& node) : alpha(node.number("alpha", 1)) {}
  template <typename T>
  T operator()(T x) const {
    return x < 0 ? alpha * std::expm1(x / alpha) : x;
  }
  float alpha;
};

}  // namespace

extern const Operator kCelu = unary_of<Celu>("Celu", {12});

}  // namespace escuta::ops
