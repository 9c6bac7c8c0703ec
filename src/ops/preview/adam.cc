// Adam (Kingma and Ba, 2015).
#include <cmath>

#include "ops/preview/optimizer.h"

namespace escuta::ops {
namespace {

struct Rule {
  static constexpr size_t kStates = 2;  // running averages of gradients and of their squares
  double alpha, beta, epsilon, norm, norm_post;
  explicit Rule(const NodeInfo& node)
      : alpha(node.number("alpha", 0.9f)),
        beta(node.number("beta", 0.999f)),
        epsilon(node.number("epsilon", 1e-6f)),
        norm(node.number("norm_coefficient", 0)),
        norm_post(node.number("norm_coefficient_post", 0)) {}

  template <typename T>
  void step(double rate, int64_t count, const T* x, const T* g,
            const std::array<const T*, 2>& states, T* new_x, const std::array<T*, 2>& new_states,
            int64_t elements) const {
    const auto t = static_cast<double>(count);
    const double by =
        count > 0 ? rate * std::sqrt(1 - std::pow(beta, t)) / (1 - std::pow(alpha, t)) : rate;
    for (int64_t i = 0; i < elements; ++i) {
      const double gradient = norm * x[i] + g[i];
      const double mean = alpha * states[0][i] + (1 - alpha) * gradient;
      const double square = beta * states[1][i] + (1 - beta) * gradient * gradient;
      const double moved = x[i] - by * mean / (std::sqrt(square) + epsilon);
      new_states[0][i] = static_cast<T>(mean);
      new_states[1][i] = static_cast<T>(square);
      new_x[i] = static_cast<T>((1 - norm_post) * moved);
    }
  }
};

}  // namespace

extern const Operator kAdam = optimizer<Rule>("Adam");

}  // namespace escuta::ops
