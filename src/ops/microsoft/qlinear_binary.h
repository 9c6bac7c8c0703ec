// Operators on two quantised tensors that broadcast.
// Inputs: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point.
#pragma once

#include "ops/broadcast.h"
#include "ops/byte_quantization.h"
#include "ops/operator.h"

namespace escuta::ops {

inline void infer_qlinear_binary(Inference& node) {
  node.set(0, node.dtype(0), broadcast(node, node.shape(0), node.shape(3)));
}

// output 0 = saturate(combine(a - a_zero, b - b_zero)); make_combine(a_scale, b_scale, c_scale)
// gives combine: (int32, int32) -> float, in units of c_scale.
template <typename F>
Status run_qlinear_binary(Call& call, F&& make_combine) {
  const DType dtype = call.dtype(0);
  RETURN_IF_ERROR(check_dtype(call, 3, dtype));
  ASSIGN_OR_RETURN(const Quantizer a, read_quantizer(call, 1, 2, dtype));
  ASSIGN_OR_RETURN(const Quantizer b, read_quantizer(call, 4, 5, dtype));
  ASSIGN_OR_RETURN(const Quantizer c, read_quantizer(call, 6, 7, dtype));
  ASSIGN_OR_RETURN(const auto shapes, Broadcast<2>::create({&call.shape(0), &call.shape(3)}));
  const auto combine = make_combine(a.scale, b.scale, c.scale);
  return dispatch(Bytes{}, dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shapes.shape()));
    const T* left = call.input(0).as<T>().data();
    const T* right = call.input(3).as<T>().data();
    shapes.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        const int32_t x = left[src[0] + i * steps[0]] - a.zero;
        const int32_t y = right[src[1] + i * steps[1]] - b.zero;
        dst[at + i] = saturate<T>(combine(x, y), c.zero);
      }
    });
    return {};
  });
}

}  // namespace escuta::ops
