// Selu (ai.onnx 1, 6, 22); version 1 has its defaults with four decimals.
#include <cmath>

#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct Selu {
  explicit Selu(const NodeInfo& node)
      : alpha(node.number("alpha", node.version() < 6 ? 1.6732f : 1.67326319217681884765625f)),
        gamma(node.number("gamma", node.version() < 6 ? 1.0507f : 1.05070102214813232421875f)) {}
  template <typename T>
  T operator()(T x) const {
    return gamma * (x > 0 ? x : alpha * std::expm1(x));
  }
  float alpha;
  float gamma;
};

}  // namespace

extern const Operator kSelu = unary_of<Selu>("Selu", {1, 6, 22});

}  // namespace escuta::ops
