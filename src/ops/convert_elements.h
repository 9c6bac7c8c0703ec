// Elements of any numeric type as floats or 64-bit integers and back, a block at a time: for
// operators that take so many pairs of types that a loop for each would be too many.
//
// Numeric types are bool, integers of 2 to 64 bits and floating point of 4 to 64. Pure functions.
#pragma once

#include "tensor/datum.h"
#include "tensor/float8.h"

namespace escuta::ops {

// How values become narrower (ONNX specification, Cast).
struct Narrowing {
  bool saturate = true;                         // to the types of float8.h
  PowerRounding rounding = PowerRounding::kUp;  // to FLOAT8E8M0
};

bool is_numeric(DType dtype);
// bool counts as one.
bool is_integer(DType dtype);

// dst[i] = src[at + i] for i < count. T: float, double, int64_t or uint64_t. Floating point becomes
// integers as saturating_cast does. Unimplemented for types that are not numeric.
template <typename T>
Status load_elements(DType dtype, const std::byte* src, int64_t at, int64_t count, T* dst);

// dst[at + i] = src[i] for i < count. Integers keep their low bits; floating point is truncated,
// then saturates to int32, int64 and above to uint64, and keeps the low bits for other types, which
// is what processors do; NaN gives 0. at: a multiple of 8, unless elements have 8 bits or more.
template <typename T>
Status store_elements(const T* src, int64_t count, DType dtype, std::byte* dst, int64_t at,
                      const Narrowing& narrowing = {});

// The only element of a tensor of one element. InvalidArgument otherwise.
template <typename T>
Result<T> load_scalar(const Datum& tensor, std::string_view what) {
  if (!tensor.is_tensor() || tensor.count() != 1) {
    return invalid_argument("expected one element of {}, found {}", what,
                            tensor.is_tensor() ? tensor.shape().to_string() : "no tensor");
  }
  T value{};
  RETURN_IF_ERROR(load_elements(tensor.dtype(), tensor.bytes(), 0, 1, &value));
  return value;
}

}  // namespace escuta::ops
