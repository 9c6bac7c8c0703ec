#include "ops/binary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

ShapeElement combine(const ShapeElement& a, const ShapeElement& b) {
  if (b.is(0)) return a;
  if (a.same_symbol(b)) return {0, {}};
  int64_t difference = 0;
  if (!a.value || !b.value || __builtin_sub_overflow(*a.value, *b.value, &difference)) return {};
  return {difference, {}};
}

void infer(Inference& node) { infer_shape_arithmetic(node, combine); }

}  // namespace

extern const Operator kSub = binary<[](auto a, auto b) { return wrapping_sub(a, b); }>(
    "Sub", {1, 6, 7, 13, 14}, Tolerance::kRounding, infer);

}  // namespace escuta::ops
