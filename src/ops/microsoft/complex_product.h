// ComplexMul and ComplexMulConj: products of complex numbers whose parts are the last dimension.
#pragma once

#include "ops/broadcast.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

// The shape without its last dimension, which is that of the parts.
inline Result<Shape> complex_shape(const Shape& shape) {
  if (shape.rank() == 0 || shape[shape.rank() - 1] != 2) {
    return invalid_argument("expected real and imaginary parts as the last dimension, found {}",
                            shape.to_string());
  }
  return Shape::create(shape.dims().first(static_cast<size_t>(shape.rank() - 1)));
}

template <bool conjugate>
Status run_complex_product(Call& call) {
  if (call.dtype(0) != call.dtype(1)) {
    return invalid_argument("expected inputs of one element type, found {} and {}",
                            dtype_name(call.dtype(0)), dtype_name(call.dtype(1)));
  }
  ASSIGN_OR_RETURN(const Shape a_shape, complex_shape(call.shape(0)));
  ASSIGN_OR_RETURN(const Shape b_shape, complex_shape(call.shape(1)));
  ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&a_shape, &b_shape}));
  std::array<int64_t, kMaxRank + 1> dims{};
  std::ranges::copy(broadcast.shape().dims(), dims.begin());
  const auto rank = static_cast<size_t>(broadcast.shape().rank());
  dims[rank] = 2;
  ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank + 1}));
  return dispatch(Types<float, double, Float16>{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    using W = Wide<T>;
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    const T* a = call.input(0).as<T>().data();
    const T* b = call.input(1).as<T>().data();
    broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        const T* x = a + 2 * (src[0] + i * steps[0]);
        const T* y = b + 2 * (src[1] + i * steps[1]);
        const W re = static_cast<W>(y[0]);
        const W im = conjugate ? -static_cast<W>(y[1]) : static_cast<W>(y[1]);
        dst[2 * (at + i)] = static_cast<T>(static_cast<W>(x[0]) * re - static_cast<W>(x[1]) * im);
        dst[2 * (at + i) + 1] =
            static_cast<T>(static_cast<W>(x[0]) * im + static_cast<W>(x[1]) * re);
      }
    });
    return {};
  });
}

template <bool conjugate>
constexpr Operator complex_product(std::string_view name) {
  return {.domain = "com.microsoft",
          .name = name,
          .versions = {1},
          .inputs = {2, 2},
          .infer = infer_broadcast,
          .create = make_function<run_complex_product<conjugate>>,
          .tolerance = Tolerance::kRounding};
}

}  // namespace escuta::ops
