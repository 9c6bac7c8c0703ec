#include "ops/unary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

struct Shrink {
  explicit Shrink(const NodeInfo& node)
      : bias(node.number("bias", 0)), lambda(node.number("lambd", 0.5f)) {}
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return saturating_cast<T>(shrink(static_cast<double>(x)));
    } else {
      return shrink(x);
    }
  }
  template <typename T>
  T shrink(T x) const {
    return x < -lambda ? x + bias : x > lambda ? x - bias : T{0};
  }
  float bias;
  float lambda;
};

}  // namespace

extern const Operator kShrink = unary_of<Shrink, Numbers>("Shrink", {9});

}  // namespace escuta::ops
