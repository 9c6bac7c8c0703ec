// A tensor as lines along one axis: Softmax, ArgMax, CumSum, ...
#pragma once

#include "base/status.h"
#include "tensor/shape.h"

namespace escuta::ops {

// `outer` blocks of `step` lines; the `count` elements of a line are `step` apart.
struct Lines {
  int64_t outer = 1;
  int64_t count = 1;
  int64_t step = 1;

  // Along axis, in [-rank, rank). InvalidArgument.
  static Result<Lines> along(const Shape& shape, int64_t axis) {
    const int rank = shape.rank();
    if (axis < -rank || axis >= rank) {
      return invalid_argument("expected an axis from {} to {} for shape {}, found {}", -rank,
                              rank - 1, shape.to_string(), axis);
    }
    if (axis < 0) axis += rank;
    Lines lines;
    for (int i = 0; i < rank; ++i) {
      (i < axis ? lines.outer : i == axis ? lines.count : lines.step) *= shape[i];
    }
    return lines;
  }

  // All dimensions from axis on are a line; axis in [-rank, rank]. InvalidArgument.
  static Result<Lines> from(const Shape& shape, int64_t axis) {
    const int rank = shape.rank();
    if (axis < -rank || axis > rank) {
      return invalid_argument("expected an axis from {} to {} for shape {}, found {}", -rank, rank,
                              shape.to_string(), axis);
    }
    if (axis < 0) axis += rank;
    Lines lines;
    for (int i = 0; i < rank; ++i) (i < axis ? lines.outer : lines.count) *= shape[i];
    return lines;
  }

  // function(first): a line is at first, first + step, ...
  template <typename F>
  void for_each(F&& function) const {
    if (outer == 0 || count == 0 || step == 0) return;
    for (int64_t i = 0; i < outer; ++i) {
      for (int64_t j = 0; j < step; ++j) function(i * count * step + j);
    }
  }
};

}  // namespace escuta::ops
