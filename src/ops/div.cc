// Div (ai.onnx 1, 6, 7, 13, 14): integers are divided towards zero, and division of them by zero
// gives 0.
#include "ops/binary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

ShapeElement combine(const ShapeElement& a, const ShapeElement& b) {
  if (b.is(1)) return a;
  if (!a.value || !b.value) return {};
  return {wrapping_div(*a.value, *b.value), {}};
}

void infer(Inference& node) { infer_shape_arithmetic(node, combine); }

}  // namespace

extern const Operator kDiv = binary<[](auto a, auto b) { return wrapping_div(a, b); }>(
    "Div", {1, 6, 7, 13, 14}, Tolerance::kRounding, infer);

}  // namespace escuta::ops
