#include "ops/variadic.h"

namespace escuta::ops {
namespace {

Status mean(Call& call) {
  ASSIGN_OR_RETURN(const Shape shape, common_shape(call));
  return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    RETURN_IF_ERROR((fold_inputs<[](auto a, auto b) { return a + b; }>(call, shape, dst)));
    const auto inputs = static_cast<Wide<T>>(call.input_count());
    for (int64_t i = 0; i < shape.count(); ++i) dst[i] = static_cast<T>(dst[i] / inputs);
    return {};
  });
}

}  // namespace

extern const Operator kMean = {.domain = "",
                               .name = "Mean",
                               .versions = {1, 6, 8, 13},
                               .inputs = {1, kAny},
                               .infer = infer_broadcast,
                               .create = make_function<mean>,
                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
