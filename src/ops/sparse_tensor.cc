#include "ops/sparse_tensor.h"

#include "ops/constant_datum.h"
#include "ops/elements.h"
#include "ops/packed.h"

namespace escuta::ops {

Result<SparseTensor> SparseTensor::create(const graph::SparseConstant& constant) {
  if (constant.values == nullptr || constant.indices == nullptr) {
    return invalid_argument("expected values and indices of a sparse tensor, found none");
  }
  SparseTensor sparse;
  sparse.shape_ = constant.shape;
  ASSIGN_OR_RETURN(sparse.values_, datum_of(constant.values));
  ASSIGN_OR_RETURN(const Datum indices, datum_of(constant.indices));
  const int64_t count = sparse.values_.count();
  const int rank = constant.shape.rank();
  const Shape& shape = indices.shape();
  const bool linear = shape.rank() == 1 && shape[0] == count;
  const bool full = shape.rank() == 2 && shape[0] == count && shape[1] == rank;
  if (indices.dtype() != DType::kInt64 || (!linear && !full)) {
    return invalid_argument(
        "expected int64 indices [{0}, {1}] or [{0}] of a sparse tensor, found {2} {3}", count, rank,
        dtype_name(indices.dtype()), shape.to_string());
  }
  if (is_packed(sparse.values_.dtype())) {
    return unimplemented("sparse tensors of {} are not supported", dtype_name(sparse.dtype()));
  }
  ASSIGN_OR_RETURN(sparse.places_, Datum::create(DType::kInt64, Shape({count})));
  auto* places = sparse.places_.mutable_data<int64_t>();
  const int64_t* index = indices.as<int64_t>().data();
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = linear ? index[i] : 0;
    bool inside = !linear || (at >= 0 && at < constant.shape.count());
    for (int d = 0; d < rank && !linear && inside; ++d) {
      const int64_t coordinate = index[i * rank + d];
      inside = coordinate >= 0 && coordinate < constant.shape[d];
      if (inside) at = at * constant.shape[d] + coordinate;
    }
    if (!inside) return invalid_argument("index {} of the sparse tensor is outside of it", i);
    places[i] = at;
  }
  return sparse;
}

void SparseTensor::write(std::byte* dst) const {
  clear_elements(dtype(), dst, shape_.count());
  const auto places = places_.as<int64_t>();
  for (size_t i = 0; i < places.size(); ++i) {
    copy_elements(dtype(), values_.bytes(), static_cast<int64_t>(i), dst, places[i], 1);
  }
}

Result<Datum> SparseTensor::to_datum(size_t limit) const {
  const auto each = dtype() == DType::kString ? sizeof(std::string)
                                              : static_cast<size_t>(dtype_bits(dtype()) / 8);
  if (static_cast<uint64_t>(shape_.count()) > limit / std::max<size_t>(each, 1)) {
    return resource_exhausted("sparse tensor {} {}: expected at most {} bytes when it is dense",
                              dtype_name(dtype()), shape_.to_string(), limit);
  }
  ASSIGN_OR_RETURN(Datum dense, Datum::create(dtype(), shape_));
  write(dense.mutable_bytes());
  return dense;
}

}  // namespace escuta::ops
