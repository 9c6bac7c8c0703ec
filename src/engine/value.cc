#include "engine/value.h"

#include <algorithm>
#include <utility>

namespace escuta::engine {

Value Value::of(Datum datum) {
  ESCUTA_CHECK(datum.owned());
  Value value;
  value.datum_ = std::move(datum);
  return value;
}

Result<TensorView> Value::view() const {
  if (!*this) return failed_precondition("expected a value, found none");
  if (storage_ == nullptr) {
    if (!datum_.is_tensor() || datum_.dtype() == DType::kString) {
      return invalid_argument("expected a tensor of numbers, found {}",
                              datum_.is_tensor() ? "strings" : "a sequence or map");
    }
    if (!datum_.is_dense()) {
      return failed_precondition(
          "expected a value that is ready to read, found the state of steps");
    }
    return datum_.view();
  }
  const std::byte* data = storage_->host_data();
  if (data == nullptr) {
    return failed_precondition("expected a value in host memory, found one on a device");
  }
  ASSIGN_OR_RETURN(const size_t size, dtype_bytes(storage_->dtype(), storage_->shape().count()));
  return TensorView{storage_->dtype(), storage_->shape(), {data, size}};
}

Result<Tensor> Value::to_host() const {
  if (storage_ != nullptr) return storage_->to_host();
  if (!datum_.is_dense()) {
    ASSIGN_OR_RETURN(Datum dense, datum_.to_dense());
    return of(std::move(dense)).to_host();
  }
  ASSIGN_OR_RETURN(const TensorView tensor, view());
  ASSIGN_OR_RETURN(Tensor copy, Tensor::create(tensor.dtype, tensor.shape));
  std::copy(tensor.bytes.begin(), tensor.bytes.end(), copy.bytes().begin());
  return copy;
}

Result<Datum> Value::to_datum() const {
  if (storage_ == nullptr) return datum_;
  if (on_host()) {
    ASSIGN_OR_RETURN(const TensorView tensor, view());
    return Datum::of(tensor.dtype, tensor.shape,
                     Buffer::foreign(tensor.bytes.data(), tensor.bytes.size(), storage_));
  }
  ASSIGN_OR_RETURN(Tensor copy, storage_->to_host());
  return Datum::of(std::move(copy));
}

}  // namespace escuta::engine
