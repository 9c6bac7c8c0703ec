// Hardmax: 1 at the first greatest element, else 0.
#include "ops/softmax.h"

namespace escuta::ops {
namespace {

struct Line {
  template <typename T>
  static void run(const T* src, T* dst, int64_t count, int64_t step) {
    int64_t best = 0;
    for (int64_t i = 0; i < count; ++i) {
      dst[i * step] = static_cast<T>(0.0f);
      if (src[i * step] > src[best * step]) best = i;
    }
    dst[best * step] = static_cast<T>(1.0f);
  }
};

}  // namespace

extern const Operator kHardmax = line_operator<Line>("Hardmax", Tolerance::kExact);

}  // namespace escuta::ops
