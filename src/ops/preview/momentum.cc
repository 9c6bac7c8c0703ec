// Momentum: gradient descent with momentum, plain or Nesterov's.
#include "ops/preview/optimizer.h"

namespace escuta::ops {
namespace {

struct Rule {
  static constexpr size_t kStates = 1;  // the momentum
  double alpha, beta, norm;
  bool nesterov;
  explicit Rule(const NodeInfo& node)
      : alpha(node.number("alpha", 0)),
        beta(node.number("beta", 0)),
        norm(node.number("norm_coefficient", 0)),
        nesterov(node.text("mode", "standard") == "nesterov") {}

  template <typename T>
  void step(double rate, int64_t count, const T* x, const T* g,
            const std::array<const T*, 1>& states, T* new_x, const std::array<T*, 1>& new_states,
            int64_t elements) const {
    const double share = count > 0 ? beta : 1;  // the first gradient counts in full
    for (int64_t i = 0; i < elements; ++i) {
      const double gradient = norm * x[i] + g[i];
      const double momentum = alpha * states[0][i] + share * gradient;
      new_states[0][i] = static_cast<T>(momentum);
      new_x[i] = static_cast<T>(x[i] - rate * (nesterov ? gradient + alpha * momentum : momentum));
    }
  }
};

}  // namespace

extern const Operator kMomentum = optimizer<Rule>("Momentum");

}  // namespace escuta::ops
