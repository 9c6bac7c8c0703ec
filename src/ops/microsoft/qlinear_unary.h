// Operators that map each quantised element by itself: a table of the 256 values that there are.
// Inputs: X, X_scale, X_zero_point, Y_scale, Y_zero_point.
#pragma once

#include <array>

#include "ops/byte_quantization.h"
#include "ops/operator.h"

namespace escuta::ops {

// output 0 = quantize(function(dequantize(input 0))); function: float -> float.
template <typename F>
Status run_qlinear_unary(Call& call, F&& function) {
  const DType dtype = call.dtype(0);
  ASSIGN_OR_RETURN(const Quantizer x, read_quantizer(call, 1, 2, dtype));
  ASSIGN_OR_RETURN(const Quantizer y, read_quantizer(call, 3, 4, dtype));
  return dispatch(Bytes{}, dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    std::array<T, 256> table;
    for (int i = 0; i < 256; ++i) {
      const auto q = static_cast<int32_t>(static_cast<T>(static_cast<uint8_t>(i)));
      const float value = static_cast<float>(q - x.zero) * x.scale;
      table[static_cast<size_t>(i)] = saturate<T>(function(value) / y.scale, y.zero);
    }
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
    for (const T value : call.input(0).as<T>()) *dst++ = table[static_cast<uint8_t>(value)];
    return {};
  });
}

}  // namespace escuta::ops
