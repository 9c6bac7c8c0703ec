// Checks of inputs that operators make before they look at elements.
#pragma once

#include "ops/call.h"

namespace escuta::ops {

// InvalidArgument unless input i is a tensor of this element type.
inline Status check_dtype(const Call& call, size_t i, DType dtype) {
  if (call.input(i).is_tensor() && call.dtype(i) == dtype) return {};
  return invalid_argument("input {}: expected a tensor of {}, found {}", i, dtype_name(dtype),
                          call.input(i).is_tensor() ? dtype_name(call.dtype(i)) : "no tensor");
}

// InvalidArgument unless input i is a tensor of `rank` dimensions.
inline Status check_rank(const Call& call, size_t i, int rank) {
  if (call.input(i).is_tensor() && call.shape(i).rank() == rank) return {};
  return invalid_argument("input {}: expected a tensor of {} dimensions, found {}", i, rank,
                          call.shape(i).to_string());
}

// InvalidArgument unless input i is a tensor of this shape.
inline Status check_shape(const Call& call, size_t i, const Shape& shape) {
  if (call.input(i).is_tensor() && call.shape(i) == shape) return {};
  return invalid_argument("input {}: expected shape {}, found {}", i, shape.to_string(),
                          call.shape(i).to_string());
}

}  // namespace escuta::ops
