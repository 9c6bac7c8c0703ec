// DynamicQuantizeMatMul (com.microsoft 1): A, quantised to uint8 by its range as
// DynamicQuantizeLinear does, times the 8-bit B, as float.
#include <algorithm>
#include <cmath>

#include "ops/microsoft/quantized_product.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kA, kB, kBScale, kBZeroPoint, kBias };

// dst: the integers minus their zero point. Returns the scale.
float quantize(std::span<const float> src, int32_t* dst) {
  float low = 0, high = 0;
  for (const float x : src) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  const float scale = high > low ? (high - low) / 255 : 1;
  // The comparisons put a NaN at 0.
  const auto clamped = [](float x) { return x > 0 ? std::min(x, 255.0f) : 0.0f; };
  const float zero = clamped(std::nearbyint(-low / scale));
  for (size_t i = 0; i < src.size(); ++i) {
    const float rounded = clamped(std::nearbyint(src[i] / scale) + zero);
    dst[i] = static_cast<int32_t>(rounded) - static_cast<int32_t>(zero);
  }
  return scale;
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 3));
  ASSIGN_OR_RETURN(const auto product,
                   BatchedProduct::create(call.shape(kA), {}, call.shape(kB), {}));
  ASSIGN_OR_RETURN(const auto src, elements<float>(call, kA));
  ASSIGN_OR_RETURN(int32_t * a, call.scratch_of<int32_t>(call.input(kA).count()));
  const float a_scale = quantize(src, a);
  ASSIGN_OR_RETURN(const int32_t* b, centered(call, kB, kBZeroPoint));
  ASSIGN_OR_RETURN(float* dst, call.output<float>(0, product.shape()));
  return multiply_scaled(call, product, a, b, a_scale, kB, kBScale, kBias, dst);
}

}  // namespace

extern const Operator kMsDynamicQuantizeMatMul = {
    .domain = "com.microsoft",
    .name = "DynamicQuantizeMatMul",
    .versions = {1},
    .inputs = {3, 5},
    .infer =
        [](Inference& node) { node.set(0, DType::kFloat, infer_product(node, kA, {}, kB, {})); },
    .create = make_function<run>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
