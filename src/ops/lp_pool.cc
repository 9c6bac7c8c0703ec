// LpPool (ai.onnx 1, 2, 11, 18, 22): the Lp norm of each window.
#include "ops/average_pool.h"
#include "ops/lp_norm.h"
#include "ops/pooling.h"

namespace escuta::ops {
namespace {

class LpPool final : public Kernel {
 public:
  explicit LpPool(const NodeInfo& node) : attributes_(node), norm_(node) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x));
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], x[1]));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      ASSIGN_OR_RETURN(double* sums, call.scratch_of<double>(windows.out_count));
      for (int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
        RETURN_IF_ERROR(call.check_cancelled());
        sum_windows(windows, src + plane * windows.in_count, 1, sums,
                    [this](T value) { return norm_.power(static_cast<double>(value)); });
        T* out = dst + plane * windows.out_count;
        for (int64_t o = 0; o < windows.out_count; ++o) {
          out[o] = static_cast<T>(static_cast<Wide<T>>(norm_.root(sums[o])));
        }
      }
      return {};
    });
  }

 private:
  PoolAttributes attributes_;
  LpNorm norm_;
};

}  // namespace

extern const Operator kLpPool = {.domain = "",
                                 .name = "LpPool",
                                 .versions = {1, 2, 11, 18, 22},
                                 .inputs = {1, 1},
                                 .infer = infer_pool,
                                 .create = make<LpPool>,
                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
