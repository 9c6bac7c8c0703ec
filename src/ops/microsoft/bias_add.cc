// BiasAdd (com.microsoft 1): X [N, S, C] + bias [C] + skip [N, S, C].
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 3));
  RETURN_IF_ERROR(expect_shape(call, 0, "X", {-1, -1, -1}));
  const Shape& shape = call.shape(0);
  RETURN_IF_ERROR(expect_shape(call, 1, "bias", {shape[2]}));
  RETURN_IF_ERROR(expect_shape(call, 2, "skip", {shape[0], shape[1], shape[2]}));
  ASSIGN_OR_RETURN(const float* src, floats(call, 0));
  ASSIGN_OR_RETURN(const float* bias, floats(call, 1));
  ASSIGN_OR_RETURN(const float* skip, floats(call, 2));
  ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(0), shape));
  for (int64_t i = 0; i < output.count(); ++i) {
    output.data()[i] = src[i] + bias[i % shape[2]] + skip[i];
  }
  output.store();
  return {};
}

}  // namespace

extern const Operator kMsBiasAdd = {.domain = "com.microsoft",
                                    .name = "BiasAdd",
                                    .versions = {1},
                                    .inputs = {3, 3},
                                    .infer = infer_same,
                                    .create = make_function<run>,
                                    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
