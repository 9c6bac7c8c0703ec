// LogSoftmax: x - max - log(sum of exp(x - max)).
#include "ops/softmax.h"

namespace escuta::ops {
namespace {

struct Line {
  template <typename T>
  static void run(const T* src, T* dst, int64_t count, int64_t step) {
    using W = Wide<T>;
    const W top = greatest(src, count, step);
    const W rest = static_cast<W>(std::log(exp_sum(src, count, step, top)));
    for (int64_t i = 0; i < count; ++i) {
      dst[i * step] = static_cast<T>(static_cast<W>(src[i * step]) - top - rest);
    }
  }
};

}  // namespace

extern const Operator kLogSoftmax = line_operator<Line>("LogSoftmax", Tolerance::kRounding);

}  // namespace escuta::ops
