#include "ops/reduction.h"

#include "ops/check_input.h"

namespace escuta::ops {

ReducedShape::ReducedShape(const Shape& shape, uint32_t reduced, bool keepdims)
    : src_count_(shape.count()) {
  std::array<int64_t, kMaxRank> result{};
  size_t result_rank = 0;
  std::array<bool, kMaxRank> merged_reduced{};
  for (int i = 0; i < shape.rank(); ++i) {
    const bool gone = (reduced >> i & 1) != 0;
    if (gone) reduced_count_ *= shape[i];
    if (!gone || keepdims) result[result_rank++] = gone ? 1 : shape[i];
    if (shape[i] == 1) continue;
    if (rank_ > 0 && merged_reduced[rank_ - 1] == gone) {
      dims_[rank_ - 1] *= shape[i];
    } else {
      merged_reduced[rank_] = gone;
      dims_[rank_++] = shape[i];
    }
  }
  shape_ = Shape::create(std::span(result.data(), result_rank)).value();
  if (rank_ == 0) dims_[rank_++] = 1;
  int64_t stride = 1;
  for (int i = rank_ - 1; i >= 0; --i) {
    strides_[i] = merged_reduced[i] ? 0 : stride;
    if (!merged_reduced[i]) stride *= dims_[i];
  }
}

Result<uint32_t> axes_mask(std::span<const int64_t> axes, int rank) {
  uint32_t mask = 0;
  for (const int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      return invalid_argument("expected axes from {} to {}, found {}", -rank, rank - 1, axis);
    }
    mask |= uint32_t{1} << (axis < 0 ? axis + rank : axis);
  }
  return mask;
}

ReduceAxes::ReduceAxes(const NodeInfo& node, bool axes_are_input)
    : axes_are_input_(axes_are_input),
      keepdims_(node.integer("keepdims", 1) != 0),
      noop_(axes_are_input && node.integer("noop_with_empty_axes", 0) != 0) {
  if (!axes_are_input) axes_ = node.integers("axes");
}

Result<ReducedShape> ReduceAxes::apply(const Call& call) const {
  const Shape& shape = call.shape(0);
  std::span<const int64_t> axes = axes_;
  if (axes_are_input_ && call.has(1)) {
    RETURN_IF_ERROR(check_dtype(call, 1, DType::kInt64));
    axes = call.input(1).as<int64_t>();
  }
  uint32_t mask = noop_ ? 0 : ~uint32_t{0};
  if (!axes.empty()) {
    ASSIGN_OR_RETURN(mask, axes_mask(axes, shape.rank()));
  }
  return ReducedShape(shape, mask, keepdims_);
}

void infer_reduction(Inference& node, bool axes_are_input) {
  const DType dtype = node.dtype(0);
  const bool keepdims = node.integer("keepdims", 1) != 0;
  std::optional<std::vector<int64_t>> axes = node.integers("axes");
  bool noop = false;
  if (axes_are_input) {
    noop = node.integer("noop_with_empty_axes", 0) != 0;
    axes = node.has_input(1) ? node.constant_ints(1) : std::vector<int64_t>{};
  }
  if (axes && axes->empty() && !noop && !keepdims) return node.set(0, dtype, Dims{});
  const std::optional<Dims>& shape = node.shape(0);
  if (!shape) return node.set(0, dtype, std::nullopt);
  if (!axes) {
    return node.set(0, dtype, keepdims ? std::optional(Dims(shape->size())) : std::nullopt);
  }
  const int rank = static_cast<int>(shape->size());
  std::vector<bool> gone(shape->size(), axes->empty() && !noop);
  for (const int64_t axis : *axes) {
    const int at = normalize_axis(node, axis, rank);
    if (!node.status().ok()) return;
    gone[static_cast<size_t>(at)] = true;
  }
  Dims dims;
  for (size_t i = 0; i < shape->size(); ++i) {
    if (!gone[i]) {
      dims.push_back((*shape)[i]);
    } else if (keepdims) {
      dims.push_back(Dim(int64_t{1}));
    }
  }
  node.set(0, dtype, std::move(dims));
}

}  // namespace escuta::ops
