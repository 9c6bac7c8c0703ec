// Adagrad (Duchi et al., 2011).
#include <cmath>

#include "ops/preview/optimizer.h"

namespace escuta::ops {
namespace {

struct Rule {
  static constexpr size_t kStates = 1;  // sums of squared gradients
  double epsilon, decay, norm;
  explicit Rule(const NodeInfo& node)
      : epsilon(node.number("epsilon", 1e-6f)),
        decay(node.number("decay_factor", 0)),
        norm(node.number("norm_coefficient", 0)) {}

  template <typename T>
  void step(double rate, int64_t count, const T* x, const T* g,
            const std::array<const T*, 1>& states, T* new_x, const std::array<T*, 1>& new_states,
            int64_t elements) const {
    const double by = rate / (1 + static_cast<double>(count) * decay);
    for (int64_t i = 0; i < elements; ++i) {
      const double gradient = norm * x[i] + g[i];
      const double sum = states[0][i] + gradient * gradient;
      new_states[0][i] = static_cast<T>(sum);
      new_x[i] = static_cast<T>(x[i] - by * gradient / (std::sqrt(sum) + epsilon));
    }
  }
};

}  // namespace

extern const Operator kAdagrad = optimizer<Rule>("Adagrad");

}  // namespace escuta::ops
