// Operators that map function(input 0 + bias) where bias, input 1, is a vector along the last
// dimension; it may be absent where the operator says so.
#pragma once

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

template <auto function>
Status run_biased(Call& call) {
  const Shape& shape = call.shape(0);
  int64_t size = 1;
  if (call.has(1)) {
    size = shape.rank() > 0 ? shape[shape.rank() - 1] : 0;
    if (shape.rank() == 0 || call.shape(1).rank() != 1 || call.shape(1)[0] != size ||
        call.dtype(1) != call.dtype(0)) {
      return invalid_argument(
          "expected a bias of type {} along the last dimension of {}, found {} {}",
          dtype_name(call.dtype(0)), shape.to_string(), dtype_name(call.dtype(1)),
          call.shape(1).to_string());
    }
  }
  return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    using W = Wide<T>;
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    const std::span<const T> src = call.input(0).as<T>();
    if (src.empty()) return {};
    const T* bias = call.has(1) ? call.input(1).as<T>().data() : nullptr;
    for (size_t i = 0; i < src.size(); ++i) {
      W x = static_cast<W>(src[i]);
      if (bias != nullptr) x += static_cast<W>(bias[i % static_cast<size_t>(size)]);
      dst[i] = static_cast<T>(function(x));
    }
    return {};
  });
}

template <auto function>
constexpr Operator biased(std::string_view name, Arity inputs) {
  return {.domain = "com.microsoft",
          .name = name,
          .versions = {1},
          .inputs = inputs,
          .infer = infer_same,
          .create = make_function<run_biased<function>>,
          .tolerance = Tolerance::kRounding};
}

}  // namespace escuta::ops
