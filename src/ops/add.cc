#include "ops/binary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

ShapeElement combine(const ShapeElement& a, const ShapeElement& b) {
  if (a.is(0)) return b;
  if (b.is(0)) return a;
  int64_t sum = 0;
  if (!a.value || !b.value || __builtin_add_overflow(*a.value, *b.value, &sum)) return {};
  return {sum, {}};
}

void infer(Inference& node) { infer_shape_arithmetic(node, combine); }

}  // namespace

extern const Operator kAdd = binary<[](auto a, auto b) { return wrapping_add(a, b); }>(
    "Add", {1, 6, 7, 13, 14}, Tolerance::kRounding, infer);

}  // namespace escuta::ops
