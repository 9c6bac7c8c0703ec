#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct Elu {
  explicit Elu(const NodeInfo& node) : alpha(node.number("alpha", 1)) {}
  template <typename T>
  T operator()(T x) const {
    return x < 0 ? alpha * std::expm1(x) : x;
  }
  float alpha;
};

}  // namespace

extern const Operator kElu = unary_of<Elu>("Elu", {1, 6, 22});

}  // namespace escuta::ops
