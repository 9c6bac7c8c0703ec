#include "ops/reduction.h"

namespace escuta::ops {
namespace {

struct Rule : SumRule<[](auto x, bool) { return x; }> {
  template <typename T>
  static T finish(SumOf<T> sum, int64_t count) {
    if constexpr (kIsFloat<T>) {
      return static_cast<T>(sum / static_cast<double>(count));
    } else if constexpr (std::is_signed_v<T>) {
      return count == 0 ? T{0} : static_cast<T>(static_cast<int64_t>(sum) / count);
    } else {
      return count == 0 ? T{0} : static_cast<T>(sum / static_cast<uint64_t>(count));
    }
  }
};

}  // namespace

extern const Operator kReduceMean = reduction<Rule>("ReduceMean", {1, 11, 13, 18});

}  // namespace escuta::ops
