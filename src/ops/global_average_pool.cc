// GlobalAveragePool (ai.onnx 1, 22): the mean of each channel.
#include "ops/pooling.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  ASSIGN_OR_RETURN(const Shape shape, global_pool_output(call.shape(0)));
  return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    const T* src = call.input(0).as<T>().data();
    const int64_t plane = call.input(0).count() / shape.count();
    if (plane == 0) return invalid_argument("expected channels of at least one element");
    for (int64_t at = 0; at < shape.count(); ++at) {
      double sum = 0;
      for (int64_t i = 0; i < plane; ++i) sum += static_cast<double>(src[at * plane + i]);
      dst[at] = static_cast<T>(static_cast<Wide<T>>(sum / static_cast<double>(plane)));
    }
    return {};
  });
}

}  // namespace

extern const Operator kGlobalAveragePool = {.domain = "",
                                            .name = "GlobalAveragePool",
                                            .versions = {1, 22},
                                            .inputs = {1, 1},
                                            .infer = infer_global_pool,
                                            .create = make_function<run>,
                                            .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
