#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule : SumRule<[](auto x, bool) { return x * x; }> {
  template <typename T>
  static T finish(SumOf<T> sum, int64_t) {
    return static_cast<T>(sum);
  }
};

}  // namespace

extern const Operator kReduceSumSquare = reduction<Rule>("ReduceSumSquare", {1, 11, 13, 18});

}  // namespace escuta::ops
