#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule {
  template <typename T>
  using Accumulator = double;  // squares of integers too: the root makes it a real number
  template <typename T>
  static constexpr double kFirst = 0;
  template <typename T>
  static double add(double sum, T value) {
    const auto wide = static_cast<double>(value);
    return sum + wide * wide;
  }
  static double join(double a, double b) { return a + b; }
  template <typename T>
  static T finish(double sum, int64_t) {
    return saturated<T>(std::sqrt(sum));
  }
};

}  // namespace

extern const Operator kReduceL2 = reduction<Rule>("ReduceL2", {1, 11, 13, 18});

}  // namespace escuta::ops
