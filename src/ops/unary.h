// Operators that map each element by itself: Sin, Relu, Not, ...
#pragma once

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

// output 0 = function(input 0), element by element; computed in Wide<T>.
template <auto function, typename TypeList>
Status run_unary(Call& call) {
  return dispatch(TypeList{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
    const std::span<const T> src = call.input(0).as<T>();
    for (size_t i = 0; i < src.size(); ++i) {
      dst[i] = static_cast<T>(function(static_cast<Wide<T>>(src[i])));
    }
    return {};
  });
}

// An operator without attributes, of one input.
template <auto function, typename TypeList = Floats>
constexpr Operator unary(std::string_view name, Versions versions,
                         Tolerance tolerance = Tolerance::kRounding) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {1, 1},
          .infer = infer_same,
          .create = make_function<run_unary<function, TypeList>>,
          .tolerance = tolerance,
          .memory = Memory::kInPlace};
}

}  // namespace escuta::ops
