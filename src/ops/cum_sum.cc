#include "ops/cumulative.h"

namespace escuta::ops {
namespace {

struct Sum {
  static constexpr int kFirst = 0;
  template <typename A>
  static A join(A a, A b) {
    return a + b;
  }
};

}  // namespace

extern const Operator kCumSum = cumulative<Sum>("CumSum", {11, 14});

}  // namespace escuta::ops
