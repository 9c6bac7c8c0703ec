// Max (ai.onnx 1, 6, 8, 12, 13): NaN wins.
#include <algorithm>

#include "ops/variadic.h"

namespace escuta::ops {
namespace {

template <typename T>
T larger(T a, T b) {
  return b < a || a != a ? a : b;
}

ShapeElement combine(const ShapeElement& a, const ShapeElement& b) {
  if (a.same_symbol(b)) return a;
  if (!a.value || !b.value) return {};
  return {std::max(*a.value, *b.value), {}};
}

void infer(Inference& node) {
  if (node.input_count() == 2) {
    infer_shape_arithmetic(node, combine);
  } else {
    infer_broadcast(node);
  }
}

}  // namespace

extern const Operator kMax = variadic<[](auto a, auto b) { return larger(a, b); }, Numbers>(
    "Max", {1, 6, 8, 12, 13}, Tolerance::kExact, infer);

}  // namespace escuta::ops
