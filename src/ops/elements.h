// Moves elements of any type, strings and packed ones included, between tensors: what operators
// that cut and join need.
#pragma once

#include "tensor/datum.h"

namespace escuta::ops {

// Elements src_at .. src_at+count of src become elements dst_at .. of dst. The memory is that of
// tensors of `dtype`; ranges lie within it and do not overlap.
void copy_elements(DType dtype, const std::byte* src, int64_t src_at, std::byte* dst,
                   int64_t dst_at, int64_t count);

// All elements become 0 (strings: empty). dst: `count` elements from the tensor's start on.
void clear_elements(DType dtype, std::byte* dst, int64_t count);

// A tensor seen along one axis: `outer` blocks of `count` slices of `inner` elements.
struct AxisView {
  int64_t outer = 1;
  int64_t count = 1;
  int64_t inner = 1;
  AxisView(const Shape& shape, int axis);
};

// dst: elements [outer, inner]; slice i of src, whose view is `view`.
void take_slices(DType dtype, const std::byte* src, const AxisView& view, int64_t first,
                 int64_t slices, std::byte* dst);
// The same the other way: src [outer, slices, inner] becomes slices first.. of dst.
void put_slices(DType dtype, const std::byte* src, std::byte* dst, const AxisView& view,
                int64_t first, int64_t slices);

// The shape with `dim` inserted before dimension `axis`, 0 <= axis <= rank.
Result<Shape> insert_dim(const Shape& shape, int axis, int64_t dim);
// The shape without dimension `axis`.
Shape remove_dim(const Shape& shape, int axis);
Result<Shape> replace_dim(const Shape& shape, int axis, int64_t dim);

}  // namespace escuta::ops
