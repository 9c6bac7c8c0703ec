#include "ops/arguments.h"

#include "ops/dispatch.h"

namespace escuta::ops {
namespace {

std::string_view kind_name(const Datum& datum) {
  switch (datum.kind()) {
    case Datum::Kind::kNone:
      return "nothing";
    case Datum::Kind::kTensor:
      return "a tensor";
    case Datum::Kind::kSequence:
      return "a sequence";
    case Datum::Kind::kMap:
      return "a map";
  }
  return "something else";
}

}  // namespace

Status check_tensor(const Call& call, size_t i) {
  if (call.input(i).is_tensor()) return {};
  return invalid_argument("input {}: expected a tensor, found {}", i, kind_name(call.input(i)));
}

Status check_same_dtype(const Call& call, size_t i, size_t j) {
  RETURN_IF_ERROR(check_tensor(call, i));
  RETURN_IF_ERROR(check_tensor(call, j));
  if (call.dtype(i) == call.dtype(j)) return {};
  return invalid_argument("inputs {} and {}: expected one element type, found {} and {}", i, j,
                          dtype_name(call.dtype(i)), dtype_name(call.dtype(j)));
}

Status check_int_tensor(const Call& call, size_t i, std::string_view what) {
  RETURN_IF_ERROR(check_tensor(call, i).with_context(what));
  if (call.dtype(i) == DType::kInt32 || call.dtype(i) == DType::kInt64) return {};
  return invalid_argument("{}: expected int32 or int64, found {}", what, dtype_name(call.dtype(i)));
}

Result<IntList> read_ints(const Call& call, size_t i, std::string_view what) {
  RETURN_IF_ERROR(check_int_tensor(call, i, what));
  const Datum& datum = call.input(i);
  IntList list;
  if (datum.shape().rank() > 1 || datum.count() > static_cast<int64_t>(list.values.size())) {
    return invalid_argument("{}: expected a vector of at most {} integers, found shape {}", what,
                            list.values.size(), datum.shape().to_string());
  }
  list.count = static_cast<size_t>(datum.count());
  for (size_t k = 0; k < list.count; ++k) list.values[k] = int_at(datum, static_cast<int64_t>(k));
  return list;
}

Result<int64_t> read_int(const Call& call, size_t i, std::string_view what) {
  ASSIGN_OR_RETURN(const IntList list, read_ints(call, i, what));
  if (list.count == 1) return list.values[0];
  return invalid_argument("{}: expected one integer, found {}", what, list.count);
}

Result<FloatList> read_floats(const Call& call, size_t i, std::string_view what) {
  RETURN_IF_ERROR(check_tensor(call, i).with_context(what));
  const Datum& datum = call.input(i);
  FloatList list;
  if (datum.shape().rank() > 1 || datum.count() > static_cast<int64_t>(list.values.size())) {
    return invalid_argument("{}: expected a vector of at most {} numbers, found shape {}", what,
                            list.values.size(), datum.shape().to_string());
  }
  list.count = static_cast<size_t>(datum.count());
  const Status read = dispatch(Floats{}, datum.dtype(), [&](auto tag) -> Status {
    size_t at = 0;
    for (const auto value : datum.as<decltype(tag)>()) {
      list.values[at++] = static_cast<double>(value);
    }
    return {};
  });
  RETURN_IF_ERROR(read.with_context(what));
  return list;
}

Result<int> resolve_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return invalid_argument("expected an axis from {} to {}, found {}", -rank, rank - 1, axis);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<uint32_t> resolve_axes(std::span<const int64_t> axes, int rank) {
  uint32_t mask = 0;
  for (const int64_t axis : axes) {
    ASSIGN_OR_RETURN(const int at, resolve_axis(axis, rank));
    const uint32_t bit = uint32_t{1} << at;
    if ((mask & bit) != 0) return invalid_argument("axis {} is there twice", axis);
    mask |= bit;
  }
  return mask;
}

}  // namespace escuta::ops
