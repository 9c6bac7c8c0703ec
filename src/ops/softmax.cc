// Softmax: exp(x - max) / sum of those.
#include "ops/softmax.h"

namespace escuta::ops {
namespace {

struct Line {
  template <typename T>
  static void run(const T* src, T* dst, int64_t count, int64_t step) {
    using W = Wide<T>;
    const W top = greatest(src, count, step);
    const W scale = static_cast<W>(1 / exp_sum(src, count, step, top));
    for (int64_t i = 0; i < count; ++i) {
      dst[i * step] = static_cast<T>(std::exp(static_cast<W>(src[i * step]) - top) * scale);
    }
  }
};

}  // namespace

extern const Operator kSoftmax = line_operator<Line>("Softmax", Tolerance::kRounding);

}  // namespace escuta::ops
