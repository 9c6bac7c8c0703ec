// Small integer inputs (axes, pads, shapes) and axes, read while a node runs, without heap memory.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "ops/call.h"

namespace escuta::ops {

// At most two integers per dimension.
struct IntList {
  std::array<int64_t, 2 * kMaxRank> values{};
  size_t count = 0;

  operator std::span<const int64_t>() const { return {values.data(), count}; }  // NOLINT
};

// InvalidArgument unless input i is a tensor.
Status check_tensor(const Call& call, size_t i);
// InvalidArgument unless inputs i and j are tensors of one element type.
Status check_same_dtype(const Call& call, size_t i, size_t j);

// The elements of input i, a vector or scalar of int32 or int64; `what` names it in errors.
Result<IntList> read_ints(const Call& call, size_t i, std::string_view what);
// The only element of input i.
Result<int64_t> read_int(const Call& call, size_t i, std::string_view what);

// At most two numbers per dimension.
struct FloatList {
  std::array<double, 2 * kMaxRank> values{};
  size_t count = 0;
};
// The elements of input i, a vector or scalar of floats of any width.
Result<FloatList> read_floats(const Call& call, size_t i, std::string_view what);

// Element `at` of an int32 or int64 tensor.
inline int64_t int_at(const Datum& datum, int64_t at) {
  return datum.dtype() == DType::kInt32 ? reinterpret_cast<const int32_t*>(datum.bytes())[at]
                                        : reinterpret_cast<const int64_t*>(datum.bytes())[at];
}
// InvalidArgument unless input i is a tensor of int32 or int64.
Status check_int_tensor(const Call& call, size_t i, std::string_view what);

// axis in [-rank, rank) -> [0, rank).
Result<int> resolve_axis(int64_t axis, int rank);
// The axes as bits. InvalidArgument for one that is outside of the rank, or there twice.
Result<uint32_t> resolve_axes(std::span<const int64_t> axes, int rank);

}  // namespace escuta::ops
