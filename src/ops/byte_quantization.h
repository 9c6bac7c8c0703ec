// Tensors of 8-bit integers with one scale and one zero point each: x = (q - zero) * scale.
#pragma once

#include <limits>

#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/quantization.h"

namespace escuta::ops {

using Bytes = Types<int8_t, uint8_t>;

// Element `at` of input i, int8 or uint8; the only one, where the tensor has but one; 0 where the
// input is absent.
inline int32_t byte_at(const Call& call, size_t i, int64_t at) {
  if (!call.has(i)) return 0;
  const Datum& datum = call.input(i);
  const int64_t index = datum.count() == 1 ? 0 : at;
  return datum.dtype() == DType::kInt8
             ? static_cast<int32_t>(reinterpret_cast<const int8_t*>(datum.bytes())[index])
             : static_cast<int32_t>(reinterpret_cast<const uint8_t*>(datum.bytes())[index]);
}

// round(value) + zero, ties to even, within T. value: a number divided by its scale.
template <typename T>
T saturate(float value, int32_t zero) {
  constexpr float kLow = std::numeric_limits<T>::min();
  constexpr float kHigh = std::numeric_limits<T>::max();
  value = round_small(value) + static_cast<float>(zero);
  value = value > kLow ? value : kLow;  // NaN too
  return static_cast<T>(static_cast<int32_t>(value < kHigh ? value : kHigh));
}

struct Quantizer {
  float scale = 1;
  int32_t zero = 0;
};

// The parameters in inputs `scale`, one float, and `zero`, one element of `dtype` or absent (0).
inline Result<Quantizer> read_quantizer(const Call& call, size_t scale, size_t zero, DType dtype) {
  RETURN_IF_ERROR(check_dtype(call, scale, DType::kFloat));
  if (call.has(zero)) RETURN_IF_ERROR(check_dtype(call, zero, dtype));
  if (call.input(scale).count() != 1 || (call.has(zero) && call.input(zero).count() != 1)) {
    return invalid_argument(
        "inputs {} and {}: expected one scale and one zero point, found shapes "
        "{} and {}",
        scale, zero, call.shape(scale).to_string(), call.shape(zero).to_string());
  }
  return Quantizer{call.input(scale).as<float>()[0], byte_at(call, zero, 0)};
}

}  // namespace escuta::ops
