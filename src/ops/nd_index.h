// Index tuples of GatherND and ScatterND: [..., k], each the place of a slice in a tensor's leading
// dimensions.
#pragma once

#include "ops/arguments.h"

namespace escuta::ops {

// The offset, in elements, of the slice that tuple `i` of `indices` names; tuples are indices into
// dimensions first, ..., first + k - 1 of `data`, negative from the back. InvalidArgument for one
// that is outside.
inline Result<int64_t> slice_offset(const Datum& indices, int64_t i, int64_t k, const Shape& data,
                                    int first, const std::array<int64_t, kMaxRank>& strides) {
  int64_t offset = 0;
  for (int64_t d = 0; d < k; ++d) {
    const int axis = first + static_cast<int>(d);
    const int64_t index = int_at(indices, i * k + d);
    if (index < -data[axis] || index >= data[axis]) {
      return invalid_argument("expected indices from {} to {} at axis {}, found {}", -data[axis],
                              data[axis] - 1, axis, index);
    }
    offset += (index < 0 ? index + data[axis] : index) * strides[static_cast<size_t>(axis)];
  }
  return offset;
}

}  // namespace escuta::ops
