// DynamicQuantizeLinear (ai.onnx 11): x as uint8, with the scale and zero point that its range,
// 0 included, asks for.
#include "ops/operator.h"
#include "ops/quantization.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  if (call.dtype(0) != DType::kFloat) {
    return unimplemented("expected x of type float, found {}", dtype_name(call.dtype(0)));
  }
  const std::span<const float> x = call.input(0).as<float>();
  ASSIGN_OR_RETURN(uint8_t * y, call.output<uint8_t>(0, call.shape(0)));
  ASSIGN_OR_RETURN(float* scale_out, call.output<float>(1, Shape{}));
  ASSIGN_OR_RETURN(uint8_t * zero_out, call.output<uint8_t>(2, Shape{}));
  float low = 0, high = 0;
  for (const float value : x) {
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  constexpr float kMost = 255;
  const float scale = low == high ? 1 : (high - low) / kMost;
  float zero = -low / scale;
  zero = zero > 0 ? zero : 0;  // NaN, of infinities, too
  zero = round_small(zero < kMost ? zero : kMost);
  for (size_t i = 0; i < x.size(); ++i) {
    float value = round_small(x[i] / scale) + zero;
    value = value > 0 ? value : 0;
    value = value < kMost ? value : kMost;
    y[i] = static_cast<uint8_t>(static_cast<int32_t>(value));
  }
  *scale_out = scale;
  *zero_out = static_cast<uint8_t>(zero);
  return {};
}

void infer(Inference& node) {
  node.set(0, DType::kUint8, node.shape(0));
  node.set(1, DType::kFloat, Dims{});
  node.set(2, DType::kUint8, Dims{});
}

}  // namespace

extern const Operator kDynamicQuantizeLinear = {.domain = "",
                                                .name = "DynamicQuantizeLinear",
                                                .versions = {11},
                                                .inputs = {1, 1},
                                                .outputs = {3, 3},
                                                .infer = infer,
                                                .create = make_function<run>,
                                                .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
