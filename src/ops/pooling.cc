#include "ops/pooling.h"

#include <algorithm>

namespace escuta::ops {

PoolAttributes::PoolAttributes(const NodeInfo& node)
    : WindowAttributes(node,
                       node.integer("ceil_mode", 0) != 0 ? Rounding::kCeil : Rounding::kFloor) {
  if (kernel_shape().empty()) {
    node.fail(invalid_argument("expected attribute `kernel_shape`, found none"));
  }
}

Result<Windows> PoolAttributes::resolve_for(const Shape& x, bool channels_last) const {
  if (x.rank() < 3) {
    return invalid_argument("expected an input of at least 3 dimensions, found {}", x.to_string());
  }
  return resolve(spatial_dims(x, channels_last), kernel_shape());
}

std::optional<Dims> infer_pool_dims(const Inference& node, bool channels_last) {
  const PoolAttributes attributes(node);
  const std::optional<Dims>& x = node.shape(0);
  const size_t rank = x ? x->size() : attributes.kernel_shape().size() + 2;
  if (attributes.kernel_shape().empty()) return std::nullopt;
  if (rank < 3) {
    node.fail(invalid_argument("expected an input of at least 3 dimensions, found {}", rank));
    return std::nullopt;
  }
  Dims dims = x ? *x : Dims(rank);
  const auto first = dims.begin() + (channels_last ? 1 : 2);
  const Dims in(first, first + static_cast<std::ptrdiff_t>(rank - 2));
  const Dims out = attributes.infer(node, in, {});
  std::copy(out.begin(), out.end(), first);
  return dims;
}

void infer_pool(Inference& node) { node.set(0, node.dtype(0), infer_pool_dims(node)); }

void infer_global_pool(Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  if (dims && dims->size() > 2) std::fill(dims->begin() + 2, dims->end(), Dim(int64_t{1}));
  node.set(0, node.dtype(0), std::move(dims));
}

Result<Shape> global_pool_output(const Shape& x) {
  if (x.rank() < 2) {
    return invalid_argument("expected an input of at least 2 dimensions, found {}", x.to_string());
  }
  std::array<int64_t, kMaxRank> dims;
  dims.fill(1);
  dims[0] = x[0];
  dims[1] = x[1];
  return Shape::create(std::span(dims.data(), static_cast<size_t>(x.rank())));
}

}  // namespace escuta::ops
