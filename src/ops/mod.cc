// Mod (ai.onnx 10, 13): the remainder with the sign of the divisor, or with `fmod` that of the
// dividend. Integers modulo 0 are 0.
#include <cmath>

#include "ops/binary.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

template <typename T>
T floored(T a, T b) {
  const T rest = wrapping_rem(a, b);
  if constexpr (std::is_signed_v<T>) {
    if (rest != 0 && (rest < 0) != (b < 0)) return static_cast<T>(rest + b);
  }
  return rest;
}

template <typename T>
T truncated(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    return wrapping_rem(a, b);
  }
}

Result<KernelPtr> create(const NodeInfo& node) {
  if (node.integer("fmod", 0) != 0) {
    return make<Binary<[](auto a, auto b) { return truncated(a, b); }, Numbers>>(node);
  }
  return make<Binary<[](auto a, auto b) { return floored(a, b); }, Ints>>(node);
}

ShapeElement combine(const ShapeElement& a, const ShapeElement& b) {
  // Of dimensions, which are not negative, both kinds are the same.
  if (!a.value || !b.value || *a.value < 0 || *b.value <= 0) return {};
  return {*a.value % *b.value, {}};
}

}  // namespace

extern const Operator kMod = {
    .domain = "",
    .name = "Mod",
    .versions = {10, 13},
    .inputs = {2, 2},
    .infer = [](Inference& node) { infer_shape_arithmetic(node, combine); },
    .create = create,
    .tolerance = Tolerance::kExact,
    .memory = Memory::kInPlace};

}  // namespace escuta::ops
