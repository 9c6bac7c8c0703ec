#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule {
  template <typename T>
  using Accumulator = double;
  template <typename T>
  static constexpr double kFirst = 0;
  template <typename T>
  static double add(double sum, T value) {
    return sum + static_cast<double>(value);
  }
  static double join(double a, double b) { return a + b; }
  template <typename T>
  static T finish(double sum, int64_t) {
    return saturated<T>(std::log(sum));
  }
};

}  // namespace

extern const Operator kReduceLogSum = reduction<Rule>("ReduceLogSum", {1, 11, 13, 18});

}  // namespace escuta::ops
