#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule : SumRule<[](auto x, bool) { return x; }> {
  template <typename T>
  static T finish(SumOf<T> sum, int64_t) {
    return static_cast<T>(sum);
  }
};

}  // namespace

extern const Operator kReduceSum = reduction<Rule, ReducedNumbers, 13>("ReduceSum", {1, 11, 13});

}  // namespace escuta::ops
