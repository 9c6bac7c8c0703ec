// DynamicQuantizeLinear (ai.onnx 11): x as uint8, with the scale and zero point that its range,
// 0 included, asks for.
#include <algorithm>

#include "ops/operator.h"
#include "ops/quantization.h"

namespace escuta::ops {
namespace {

struct Range {
  float low = 0, high = 0;
};

// Of 0 and the elements of x that are not NaN.
Range range_of(std::span<const float> x) {
  constexpr size_t kLanes = 16;  // each with its own ends, so that lanes run side by side
  float low[kLanes] = {}, high[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= x.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float value = x[i + lane];
      low[lane] = value < low[lane] ? value : low[lane];
      high[lane] = value > high[lane] ? value : high[lane];
    }
  }
  Range range;
  for (; i < x.size(); ++i) range = {std::min(range.low, x[i]), std::max(range.high, x[i])};
  for (size_t lane = 0; lane < kLanes; ++lane) {
    range = {std::min(range.low, low[lane]), std::max(range.high, high[lane])};
  }
  return range;
}

Status run(Call& call) {
  if (call.dtype(0) != DType::kFloat) {
    return unimplemented("expected x of type float, found {}", dtype_name(call.dtype(0)));
  }
  const std::span<const float> x = call.input(0).as<float>();
  ASSIGN_OR_RETURN(uint8_t * y, call.output<uint8_t>(0, call.shape(0)));
  ASSIGN_OR_RETURN(float* scale_out, call.output<float>(1, Shape{}));
  ASSIGN_OR_RETURN(uint8_t * zero_out, call.output<uint8_t>(2, Shape{}));
  const Range range = range_of(x);
  const IntegerRange codes = integer_range(DType::kUint8);
  const float scale = range.low == range.high ? 1 : (range.high - range.low) / codes.high;
  float zero = -range.low / scale;
  zero = zero > codes.low ? zero : codes.low;  // NaN, of infinities, too
  zero = round_small(zero < codes.high ? zero : codes.high);
#pragma GCC ivdep
  for (size_t i = 0; i < x.size(); ++i) {
    float value = round_small(x[i] / scale) + zero;
    value = value > codes.low ? value : codes.low;
    value = value < codes.high ? value : codes.high;
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
