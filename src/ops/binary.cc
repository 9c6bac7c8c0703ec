#include "ops/binary.h"

#include <array>

namespace escuta::ops {

BroadcastRule::BroadcastRule(const NodeInfo& node) : limited_(node.version() < 7) {
  if (!limited_) return;
  broadcast_ = node.integer("broadcast", 0) != 0;
  axis_ = node.integer("axis", -1);
}

Result<Shape> BroadcastRule::align(const Shape& a, const Shape& b) const {
  if (!limited_ || b.count() == 1) return b;
  if (!broadcast_) {
    if (a == b) return b;
    return invalid_argument("expected equal shapes (attribute `broadcast` is 0), found {} and {}",
                            a.to_string(), b.to_string());
  }
  const int64_t first = axis_ == -1 ? a.rank() - b.rank() : axis_;
  if (first < 0 || first + b.rank() > a.rank()) {
    return invalid_argument("expected a shape that fits into {} from axis {} on, found {}",
                            a.to_string(), axis_, b.to_string());
  }
  std::array<int64_t, kMaxRank> dims;
  dims.fill(1);
  for (int i = 0; i < b.rank(); ++i) dims[static_cast<size_t>(first + i)] = b[i];
  return Shape::create(std::span(dims.data(), static_cast<size_t>(a.rank())));
}

void infer_binary(Inference& node) {
  if (node.version() < 7) {
    infer_same(node);
  } else {
    infer_broadcast(node);
  }
}

void infer_binary_bool(Inference& node) {
  if (node.version() < 7) {
    node.set(0, DType::kBool, node.shape(0));
  } else {
    infer_broadcast_bool(node);
  }
}

}  // namespace escuta::ops
