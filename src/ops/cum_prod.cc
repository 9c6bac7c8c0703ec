#include "ops/cumulative.h"

namespace escuta::ops {
namespace {

struct Product {
  static constexpr int kFirst = 1;
  template <typename A>
  static A join(A a, A b) {
    return a * b;
  }
};

}  // namespace

extern const Operator kCumProd = cumulative<Product>("CumProd", {26});

}  // namespace escuta::ops
