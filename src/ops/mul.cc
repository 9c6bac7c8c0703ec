#include "ops/binary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

ShapeElement combine(const ShapeElement& a, const ShapeElement& b) {
  if (a.is(1) || b.is(0)) return b;
  if (b.is(1) || a.is(0)) return a;
  int64_t product = 0;
  if (!a.value || !b.value || __builtin_mul_overflow(*a.value, *b.value, &product)) return {};
  return {product, {}};
}

void infer(Inference& node) { infer_shape_arithmetic(node, combine); }

}  // namespace

extern const Operator kMul = binary<[](auto a, auto b) { return wrapping_mul(a, b); }>(
    "Mul", {1, 6, 7, 13, 14}, Tolerance::kRounding, infer);

}  // namespace escuta::ops
