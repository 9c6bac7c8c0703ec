#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule {
  template <typename T>
  using Accumulator = SumOf<T>;
  template <typename T>
  static constexpr SumOf<T> kFirst = 0;
  template <typename T>
  static SumOf<T> add(SumOf<T> sum, T value) {
    const auto wide = static_cast<SumOf<T>>(static_cast<Wide<T>>(value));
    return value < T{} ? sum - wide : sum + wide;
  }
  template <typename A>
  static A join(A a, A b) {
    return a + b;
  }
  template <typename T>
  static T finish(SumOf<T> sum, int64_t) {
    return static_cast<T>(sum);
  }
};

}  // namespace

extern const Operator kReduceL1 = reduction<Rule>("ReduceL1", {1, 11, 13, 18});

}  // namespace escuta::ops
