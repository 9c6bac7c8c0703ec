// Tensors of a model -> constants.
#include <cstring>

#include "base/printable.h"
#include "graph/graph_importer.h"

namespace escuta::graph {
namespace {

// `bytes` may be misaligned.
int64_t int64_at(std::span<const std::byte> bytes, size_t index) {
  int64_t value;
  std::memcpy(&value, bytes.data() + index * sizeof(value), sizeof(value));
  return value;
}

// onnx.proto, SparseTensorProto: [NNZ, rank] or [NNZ], each in range,
// ascending, none twice.
Status check_indices(const SparseConstant& sparse) {
  const Constant& indices = *sparse.indices;
  if (sparse.values->shape.rank() != 1) {
    return invalid_argument("expected values of rank 1, found shape {}",
                            sparse.values->shape.to_string());
  }
  const int64_t count = sparse.values->shape[0];
  const int rank = sparse.shape.rank();
  const bool linear = indices.shape == Shape{count};
  if (indices.dtype != DType::kInt64 || (!linear && indices.shape != Shape{count, rank})) {
    return invalid_argument("expected int64 indices of shape [{}] or [{}, {}], found {} {}", count,
                            count, rank, dtype_name(indices.dtype), indices.shape.to_string());
  }
  if (indices.bytes.empty()) return Status();  // external data that was not loaded, or none
  int64_t previous = -1;
  for (int64_t i = 0; i < count; ++i) {
    int64_t place = 0;
    for (int axis = 0; axis < (linear ? 1 : rank); ++axis) {
      const int64_t extent = linear ? sparse.shape.count() : sparse.shape[axis];
      const int64_t index =
          int64_at(indices.bytes, static_cast<size_t>(linear ? i : i * rank + axis));
      if (index < 0 || index >= extent) {
        return invalid_argument("expected indices below {}, found {}", extent, index);
      }
      place = place * extent + index;
    }
    if (place <= previous) return invalid_argument("expected indices in ascending order");
    previous = place;
  }
  return Status();
}

}  // namespace

Result<ConstantPtr> import_constant(onnx::TensorDef def, const ImportContext& context) {
  auto shape = Shape::create(def.dims);
  if (!shape.ok())
    return shape.status().with_context(fmt::format("tensor `{}`", printable(def.name)));
  auto constant = std::make_shared<Constant>();
  constant->dtype = def.dtype;
  constant->shape = *shape;
  constant->bytes = def.bytes;
  constant->strings = std::move(def.strings);
  constant->external = std::move(def.external);
  constant->mapped = def.mapped;
  constant->owner = context.owner;
  return ConstantPtr(std::move(constant));
}

Result<SparseConstantPtr> import_sparse(onnx::SparseTensorDef def, const ImportContext& context) {
  const std::string name = def.values.name;
  auto sparse = std::make_shared<SparseConstant>();
  ASSIGN_OR_RETURN(sparse->values, import_constant(std::move(def.values), context));
  ASSIGN_OR_RETURN(sparse->indices, import_constant(std::move(def.indices), context));
  ASSIGN_OR_RETURN(sparse->shape, Shape::create(def.dims));
  const Status status = check_indices(*sparse);
  if (!status.ok()) return status.with_context(fmt::format("sparse tensor `{}`", printable(name)));
  return SparseConstantPtr(std::move(sparse));
}

}  // namespace escuta::graph
