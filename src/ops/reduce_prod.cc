#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule {
  template <typename T>
  using Accumulator = SumOf<T>;
  template <typename T>
  static constexpr SumOf<T> kFirst = 1;
  template <typename T>
  static SumOf<T> add(SumOf<T> product, T value) {
    return product * static_cast<SumOf<T>>(static_cast<Wide<T>>(value));
  }
  template <typename A>
  static A join(A a, A b) {
    return a * b;
  }
  template <typename T>
  static T finish(SumOf<T> product, int64_t) {
    return static_cast<T>(product);
  }
};

}  // namespace

extern const Operator kReduceProd = reduction<Rule>("ReduceProd", {1, 11, 13, 18});

}  // namespace escuta::ops
