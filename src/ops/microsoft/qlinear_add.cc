// QLinearAdd (com.microsoft 1): the sum of two quantised tensors that broadcast.
#include "ops/microsoft/qlinear_binary.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  return run_qlinear_binary(call, [](float a_scale, float b_scale, float c_scale) {
    return [a = a_scale / c_scale, b = b_scale / c_scale](int32_t x, int32_t y) {
      return static_cast<float>(x) * a + static_cast<float>(y) * b;
    };
  });
}

}  // namespace

extern const Operator kMsQLinearAdd = {.domain = "com.microsoft",
                                       .name = "QLinearAdd",
                                       .versions = {1},
                                       .inputs = {2, 8},
                                       .infer = infer_qlinear_binary,
                                       .create = make_function<run>,
                                       .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
