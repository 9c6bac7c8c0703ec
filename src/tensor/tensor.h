// Tensors in host memory: Tensor owns its bytes, TensorView borrows them.
//
// Dense, row-major, little-endian; elements under 8 bits packed. Not for strings.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/check.h"
#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace escuta {

// Borrowed elements: valid while their owner lives, never kept past the call.
struct TensorView {
  DType dtype = DType::kUndefined;
  Shape shape;
  std::span<const std::byte> bytes;

  template <typename T>
  std::span<const T> as() const {
    ESCUTA_CHECK(dtype == dtype_of<T>());
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

// Owned elements, 64-byte aligned (a cache line, an AVX-512 register). Move-only.
class Tensor {
 public:
  Tensor() = default;  // no elements, kUndefined

  // Zero-filled. OutOfRange for a size that overflows, ResourceExhausted without memory.
  static Result<Tensor> create(DType dtype, const Shape& shape);

  // A copy of `values`, which must have shape.count() elements.
  template <typename T>
  static Result<Tensor> of(const Shape& shape, std::span<const T> values);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::span<std::byte> bytes() { return {data_.get(), size_}; }
  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }
  TensorView view() const { return {dtype_, shape_, bytes()}; }

  template <typename T>
  std::span<T> as() {
    ESCUTA_CHECK(dtype_ == dtype_of<T>());
    return {reinterpret_cast<T*>(data_.get()), size_ / sizeof(T)};
  }

 private:
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  DType dtype_ = DType::kUndefined;
  Shape shape_;
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

template <typename T>
Result<Tensor> Tensor::of(const Shape& shape, std::span<const T> values) {
  if (static_cast<int64_t>(values.size()) != shape.count()) {
    return invalid_argument("expected {} elements for shape {}, found {}", shape.count(),
                            shape.to_string(), values.size());
  }
  ASSIGN_OR_RETURN(Tensor tensor, create(dtype_of<T>(), shape));
  std::copy(values.begin(), values.end(), tensor.as<T>().begin());
  return tensor;
}

}  // namespace escuta
