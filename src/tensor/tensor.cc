#include "tensor/tensor.h"

#include <cstring>

namespace escuta {

Result<Tensor> Tensor::create(DType dtype, const Shape& shape) {
  constexpr size_t kAlignment = 64;
  ASSIGN_OR_RETURN(const size_t size, dtype_bytes(dtype, shape.count()));
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = shape;
  tensor.size_ = size;
  if (size == 0) return tensor;
  if (size > SIZE_MAX - kAlignment) return out_of_range("tensor of {} bytes", size);
  const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  tensor.data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
  if (tensor.data_ == nullptr) {
    return resource_exhausted("no memory for a tensor of {} bytes, shape {}", size,
                              shape.to_string());
  }
  std::memset(tensor.data_.get(), 0, rounded);
  return tensor;
}

}  // namespace escuta
