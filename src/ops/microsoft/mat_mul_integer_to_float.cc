// MatMulIntegerToFloat (com.microsoft 1): (A - zero point) (B - zero point) * scales + bias.
#include "ops/microsoft/quantized_product.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kA, kB, kAScale, kBScale, kAZeroPoint, kBZeroPoint, kBias };

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 4));
  ASSIGN_OR_RETURN(const auto product,
                   BatchedProduct::create(call.shape(kA), {}, call.shape(kB), {}));
  if (call.has(kAZeroPoint) && call.input(kAZeroPoint).count() != 1) {
    return invalid_argument("expected one zero point for A, found shape {}",
                            call.shape(kAZeroPoint).to_string());
  }
  ASSIGN_OR_RETURN(const int32_t* a, centered(call, kA, kAZeroPoint));
  ASSIGN_OR_RETURN(const int32_t* b, centered(call, kB, kBZeroPoint));
  ASSIGN_OR_RETURN(const float a_scale, scalar(call, kAScale, 1));
  ASSIGN_OR_RETURN(const FloatOutput output,
                   FloatOutput::create(call, 0, call.dtype(kAScale), product.shape()));
  RETURN_IF_ERROR(multiply_scaled(call, product, a, b, a_scale, kB, kBScale, kBias, output.data()));
  output.store();
  return {};
}

}  // namespace

extern const Operator kMsMatMulIntegerToFloat = {
    .domain = "com.microsoft",
    .name = "MatMulIntegerToFloat",
    .versions = {1},
    .inputs = {4, 7},
    .infer =
        [](Inference& node) {
          node.set(0, node.dtype(kAScale), infer_product(node, kA, {}, kB, {}));
        },
    .create = make_function<run>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
