// MaxpoolWithMask (com.microsoft 1): MaxPool of the elements whose mask, of the same shape for each
// plane, is not 0.
#include <limits>

#include "ops/microsoft/inputs.h"
#include "ops/pooling.h"

namespace escuta::ops {
namespace {

class MaxpoolWithMask final : public Kernel {
 public:
  explicit MaxpoolWithMask(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 2));
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x));
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], x[1]));
    ASSIGN_OR_RETURN(const auto src, elements<float>(call, 0));
    ASSIGN_OR_RETURN(const auto mask, elements<int32_t>(call, 1));
    const auto masked = static_cast<int64_t>(mask.size());
    if (masked == 0 || masked % windows.in_count != 0 || x[0] * x[1] * windows.in_count % masked) {
      return invalid_argument("expected a mask of planes like those of {}, found {}", x.to_string(),
                              call.shape(1).to_string());
    }
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    std::fill(dst, dst + shape.count(), std::numeric_limits<float>::lowest());
    if (shape.count() == 0) return {};
    for (int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
      RETURN_IF_ERROR(call.check_cancelled());
      const int64_t at = plane * windows.in_count;
      take_max(windows, src.data() + at, mask.data() + at % masked,
               dst + plane * windows.out_count);
    }
    return {};
  }

 private:
  static void take_max(const Windows& windows, const float* in, const int32_t* mask, float* out) {
    for_each_tap(windows, [&](int64_t o, int64_t at, int64_t n, int64_t out_step, int64_t in_step) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t from = at + i * in_step;
        float& top = out[o + i * out_step];
        if (mask[from] != 0 && in[from] > top) top = in[from];
      }
    });
  }

  PoolAttributes attributes_;
};

}  // namespace

extern const Operator kMsMaxpoolWithMask = {.domain = "com.microsoft",
                                            .name = "MaxpoolWithMask",
                                            .versions = {1},
                                            .inputs = {2, 2},
                                            .infer = infer_pool,
                                            .create = make<MaxpoolWithMask>};

}  // namespace escuta::ops
