#include "ops/arg_extreme.h"

namespace escuta::ops {

void infer_arg_extreme(Inference& node) {
  const auto& shape = node.shape(0);
  if (!shape) return node.set(0, DType::kInt64, std::nullopt);
  const int axis = normalize_axis(node, node.integer("axis", 0), static_cast<int>(shape->size()));
  if (!node.status().ok()) return;
  Dims dims = *shape;
  if (node.integer("keepdims", 1) != 0) {
    dims[static_cast<size_t>(axis)] = Dim(int64_t{1});
  } else {
    dims.erase(dims.begin() + axis);
  }
  node.set(0, DType::kInt64, std::move(dims));
}

}  // namespace escuta::ops
