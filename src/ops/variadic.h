// Operators on one or more tensors that broadcast together: Max, Min, Sum, Mean.
#pragma once

#include "ops/binary.h"

namespace escuta::ops {

// The shape of all inputs together, which have one element type. InvalidArgument.
inline Result<Shape> common_shape(const Call& call) {
  Shape shape = call.shape(0);
  for (size_t i = 0; i < call.input_count(); ++i) {
    if (!call.has(i) || call.dtype(i) != call.dtype(0)) {
      return invalid_argument("expected inputs of one element type, found {} and {}",
                              dtype_name(call.dtype(0)), dtype_name(call.dtype(i)));
    }
    ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&shape, &call.shape(i)}));
    shape = broadcast.shape();
  }
  return shape;
}

// dst = function(... function(input 0, input 1), ... input n), rounded to T after each.
template <auto function, typename T>
Status fold_inputs(const Call& call, const Shape& shape, T* dst) {
  const auto with = [&](const Shape& a, size_t i) {
    return Broadcast<2>::create({&a, &call.shape(i)});
  };
  size_t next = 1;
  if (call.input_count() > 1) {
    ASSIGN_OR_RETURN(const auto first, with(call.shape(0), 1));
    if (first.shape() == shape) {
      map_broadcast(first, call.input(0).as<T>().data(), call.input(1).as<T>().data(), dst,
                    function);
      next = 2;
    }
  }
  if (next == 1) {
    ASSIGN_OR_RETURN(const auto copy, with(shape, 0));
    const T* from = call.input(0).as<T>().data();
    copy.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) dst[at + i] = from[src[1] + i * steps[1]];
    });
  }
  for (; next < call.input_count(); ++next) {
    ASSIGN_OR_RETURN(const auto broadcast, with(shape, next));
    map_broadcast(broadcast, dst, call.input(next).as<T>().data(), dst, function);
  }
  return {};
}

template <auto function, typename TypeList>
Status run_variadic(Call& call) {
  ASSIGN_OR_RETURN(const Shape shape, common_shape(call));
  return dispatch(TypeList{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    return fold_inputs<function>(call, shape, dst);
  });
}

template <auto function, typename TypeList>
constexpr Operator variadic(std::string_view name, Versions versions, Tolerance tolerance,
                            void (*infer)(Inference&) = infer_broadcast) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {1, kAny},
          .infer = infer,
          .create = make_function<run_variadic<function, TypeList>>,
          .tolerance = tolerance};
}

}  // namespace escuta::ops
