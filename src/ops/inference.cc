#include "ops/inference.h"

#include <algorithm>

namespace escuta::ops {

void Inference::set(size_t i, DType dtype, std::optional<Dims> shape) {
  if (!has_output(i)) return;
  outputs_[i].dtype = dtype;
  outputs_[i].shape = std::move(shape);
}

void Inference::copy(size_t i, size_t j) {
  if (!has_output(i)) return;
  outputs_[i] = input(j);
  outputs_[i].constant = nullptr;
}

std::optional<Dims> Inference::shape_elements(size_t i) const {
  // No shape is so long: a weight that many nodes read is not copied for each.
  constexpr int64_t kMost = 1024;
  const graph::ConstantPtr& constant = input(i).constant;
  if (constant != nullptr && constant->shape.count() > kMost) return std::nullopt;
  if (const auto ints = constant_ints(i)) {
    Dims dims;
    for (const int64_t value : *ints) dims.push_back(value >= 0 ? Dim(value) : Dim());
    return dims;
  }
  return input(i).elements;
}

std::optional<Dims> broadcast(const Inference& node, const std::optional<Dims>& a,
                              const std::optional<Dims>& b) {
  if (!a || !b) return std::nullopt;
  const size_t rank = std::max(a->size(), b->size());
  Dims dims(rank);
  for (size_t i = 0; i < rank; ++i) {
    const Dim one(int64_t{1});
    const Dim& x = i + a->size() < rank ? one : (*a)[i + a->size() - rank];
    const Dim& y = i + b->size() < rank ? one : (*b)[i + b->size() - rank];
    if (x == one) {
      dims[i] = y;
    } else if (y == one || x == y) {
      dims[i] = x;
    } else if (x.is_known() && y.is_known()) {
      node.fail(invalid_argument("expected shapes that broadcast, found dimensions {} and {}",
                                 x.value(), y.value()));
      return std::nullopt;
    } else if (x.is_known()) {
      dims[i] = x;  // the other one is 1 or the same
    } else if (y.is_known()) {
      dims[i] = y;
    }
  }
  return dims;
}

int normalize_axis(const NodeInfo& node, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    node.fail(invalid_argument("expected an axis from {} to {}, found {}", -rank, rank - 1, axis));
    return 0;
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

void infer_same(Inference& node) {
  node.copy(0, 0);
  if (node.has_output(0)) node.output(0).elements.reset();
}

namespace {

std::optional<Dims> broadcast_all(const Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  for (size_t i = 1; i < node.input_count(); ++i) dims = broadcast(node, dims, node.shape(i));
  return dims;
}

}  // namespace

void infer_broadcast(Inference& node) { node.set(0, node.dtype(0), broadcast_all(node)); }

void infer_broadcast_bool(Inference& node) { node.set(0, DType::kBool, broadcast_all(node)); }

}  // namespace escuta::ops
