#include "tensor/datum.h"

#include <cstring>

namespace escuta {

Result<Datum> Datum::create(DType dtype, const Shape& shape) {
  if (dtype == DType::kString) {
    ASSIGN_OR_RETURN(Buffer buffer, Buffer::strings(static_cast<size_t>(shape.count())));
    return of(dtype, shape, std::move(buffer));
  }
  ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(dtype, shape.count()));
  ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(bytes));
  return of(dtype, shape, std::move(buffer));
}

Datum Datum::of(DType dtype, const Shape& shape, Buffer buffer) {
  Datum datum = borrow(dtype, shape, buffer.data());
  datum.buffer_ = std::move(buffer);
  return datum;
}

Datum Datum::with_room(DType dtype, const Shape& shape, int64_t capacity, Buffer buffer) {
  ESCUTA_CHECK(shape.rank() >= 2 && capacity >= shape[shape.rank() - 2]);
  Datum datum = of(dtype, shape, std::move(buffer));
  datum.row_capacity_ = capacity;
  return datum;
}

Datum Datum::of(Tensor tensor) {
  auto owner = std::make_shared<const Tensor>(std::move(tensor));
  const std::span<const std::byte> bytes = owner->bytes();
  const DType dtype = owner->dtype();
  const Shape shape = owner->shape();
  return of(dtype, shape, Buffer::foreign(bytes.data(), bytes.size(), std::move(owner)));
}

Datum Datum::borrow(DType dtype, const Shape& shape, const std::byte* data) {
  Datum datum;
  datum.kind_ = Kind::kTensor;
  datum.dtype_ = dtype;
  datum.shape_ = shape;
  datum.data_ = const_cast<std::byte*>(data);  // NOLINT: written only through mutable_bytes()
  return datum;
}

Datum Datum::of(std::shared_ptr<const Sequence> sequence) {
  Datum datum;
  datum.kind_ = Kind::kSequence;
  datum.dtype_ = sequence->dtype;
  datum.sequence_ = std::move(sequence);
  return datum;
}

Datum Datum::of(std::shared_ptr<const Map> map) {
  Datum datum;
  datum.kind_ = Kind::kMap;
  datum.map_ = std::move(map);
  return datum;
}

size_t Datum::byte_size() const {
  if (dtype_ == DType::kString) return static_cast<size_t>(count()) * sizeof(std::string);
  return (static_cast<size_t>(count()) * static_cast<size_t>(dtype_bits(dtype_)) + 7) / 8;
}

TensorView Datum::view() const {
  ESCUTA_CHECK(is_dense());
  return {dtype_, shape_, {data_, byte_size()}};
}

Result<Datum> Datum::to_dense() const {
  if (is_dense()) return *this;
  ASSIGN_OR_RETURN(Datum copy, create(dtype_, shape_));
  const auto rows = static_cast<size_t>(shape_[shape_.rank() - 2]);
  if (copy.byte_size() == 0) return copy;
  const size_t row_bytes = static_cast<size_t>(shape_[shape_.rank() - 1] * dtype_bits(dtype_)) / 8;
  const size_t matrices = copy.byte_size() / (rows * row_bytes);
  for (size_t i = 0; i < matrices; ++i) {
    std::memcpy(copy.data_ + i * rows * row_bytes,
                data_ + i * static_cast<size_t>(row_capacity_) * row_bytes, rows * row_bytes);
  }
  return copy;
}

Datum Datum::reshaped(const Shape& shape) const {
  ESCUTA_CHECK(shape.count() == count() && is_dense());
  Datum datum = *this;
  datum.shape_ = shape;
  return datum;
}

Result<Datum> Datum::to_owned() const {
  if (owned()) return *this;
  ASSIGN_OR_RETURN(Datum copy, create(dtype_, shape_));
  if (dtype_ == DType::kString) {
    std::copy_n(as<std::string>().begin(), count(), copy.mutable_data<std::string>());
  } else if (byte_size() > 0) {
    std::memcpy(copy.data_, data_, byte_size());
  }
  return copy;
}

}  // namespace escuta
