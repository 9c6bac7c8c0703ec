// GlobalLpPool (ai.onnx 1, 2, 22): the Lp norm of each channel.
#include "ops/lp_norm.h"
#include "ops/pooling.h"

namespace escuta::ops {
namespace {

class GlobalLpPool final : public Kernel {
 public:
  explicit GlobalLpPool(const NodeInfo& node) : norm_(node) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Shape shape, global_pool_output(call.shape(0)));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      const int64_t plane = call.input(0).count() / shape.count();
      for (int64_t at = 0; at < shape.count(); ++at) {
        double sum = 0;
        for (int64_t i = 0; i < plane; ++i) {
          sum += norm_.power(static_cast<double>(src[at * plane + i]));
        }
        dst[at] = static_cast<T>(static_cast<Wide<T>>(norm_.root(sum)));
      }
      return {};
    });
  }

 private:
  LpNorm norm_;
};

}  // namespace

extern const Operator kGlobalLpPool = {.domain = "",
                                       .name = "GlobalLpPool",
                                       .versions = {1, 2, 22},
                                       .inputs = {1, 1},
                                       .infer = infer_global_pool,
                                       .create = make<GlobalLpPool>,
                                       .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
