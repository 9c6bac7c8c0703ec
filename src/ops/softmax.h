// Softmax and its relatives: each line along `axis` by itself; before version 13 a line has all
// dimensions from `axis` on.
#pragma once

#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/lines.h"
#include "ops/operator.h"

namespace escuta::ops {

// Line: static run<T>(const T* src, T* dst, int64_t count, int64_t step).
template <typename Line>
class LineKernel final : public Kernel {
 public:
  explicit LineKernel(const NodeInfo& node)
      : flattened_(node.version() < 13), axis_(node.integer("axis", flattened_ ? 1 : -1)) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const Lines lines,
                     flattened_ ? Lines::from(shape, axis_) : Lines::along(shape, axis_));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      const T* src = call.input(0).as<T>().data();
      lines.for_each(
          [&](int64_t at) { Line::template run<T>(src + at, dst + at, lines.count, lines.step); });
      return {};
    });
  }

 private:
  bool flattened_;
  int64_t axis_;
};

template <typename Line>
constexpr Operator line_operator(std::string_view name, Tolerance tolerance) {
  return {.domain = "",
          .name = name,
          .versions = {1, 11, 13},
          .inputs = {1, 1},
          .infer = infer_same,
          .create = make<LineKernel<Line>>,
          .tolerance = tolerance};
}

template <typename T>
Wide<T> greatest(const T* src, int64_t count, int64_t step) {
  Wide<T> top = src[0];
  for (int64_t i = 1; i < count; ++i) top = std::max<Wide<T>>(top, src[i * step]);
  return top;
}

// sum of exp(x - top)
template <typename T>
double exp_sum(const T* src, int64_t count, int64_t step, Wide<T> top) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(static_cast<Wide<T>>(src[i * step]) - top);
  return sum;
}

}  // namespace escuta::ops
