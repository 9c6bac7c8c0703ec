// Gelu (ai.onnx 20): x * Phi(x), Phi the normal distribution; or its approximation by tanh
// (arXiv:1606.08415, section 2).
#include <cmath>
#include <numbers>

#include "ops/unary.h"

namespace escuta::ops {
namespace {

struct Gelu {
  explicit Gelu(const NodeInfo& node) {
    const std::string approximate = node.text("approximate", "none");
    by_tanh = approximate == "tanh";
    if (!by_tanh && approximate != "none") {
      node.fail(invalid_argument("attribute `approximate`: expected none or tanh, found {}",
                                 approximate));
    }
  }
  template <typename T>
  T operator()(T x) const {
    if (!by_tanh) return x / 2 * (1 + std::erf(x / std::numbers::sqrt2_v<T>));
    const T scale = std::numbers::sqrt2_v<T> * std::numbers::inv_sqrtpi_v<T>;  // sqrt(2 / pi)
    return x / 2 * (1 + std::tanh(scale * (x + T(0.044715) * x * x * x)));
  }
  bool by_tanh = false;
};

}  // namespace

extern const Operator kGelu = unary_of<Gelu>("Gelu", {20});

}  // namespace escuta::ops
