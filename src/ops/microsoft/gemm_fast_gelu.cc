// GemmFastGelu (com.microsoft 1): gelu (tanh form) of X W + bias.
#include "ops/microsoft/batched_product.h"
#include "ops/microsoft/gelu.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 2));
  ASSIGN_OR_RETURN(const auto product,
                   BatchedProduct::create(call.shape(0), {}, call.shape(1), {}));
  const int64_t size = product.cols();
  if (call.has(2)) RETURN_IF_ERROR(expect_shape(call, 2, "bias", {size}));
  ASSIGN_OR_RETURN(const float* x, floats(call, 0));
  ASSIGN_OR_RETURN(const float* weights, floats(call, 1));
  ASSIGN_OR_RETURN(const float* bias, floats(call, 2));
  ASSIGN_OR_RETURN(const FloatOutput y,
                   FloatOutput::create(call, 0, call.dtype(0), product.shape()));
  product.run(x, weights, y.data());
  for (int64_t i = 0; i < y.count(); ++i) {
    y.data()[i] = gelu_tanh(y.data()[i] + (bias != nullptr ? bias[i % size] : 0));
  }
  y.store();
  return {};
}

}  // namespace

extern const Operator kMsGemmFastGelu = {
    .domain = "com.microsoft",
    .name = "GemmFastGelu",
    .versions = {1},
    .inputs = {2, 3},
    .infer = [](Inference& node) { node.set(0, node.dtype(0), infer_product(node, 0, {}, 1, {})); },
    .create = make_function<run>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
