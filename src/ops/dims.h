// Arithmetic on dimensions that may be symbols or unknown, for shape inference.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ops/inference.h"

namespace escuta::ops {

// Vectors of more elements are no shapes, and not followed.
inline constexpr size_t kMaxElements = 64;

inline bool is_number(const Dim& dim, int64_t value) {
  return dim.is_known() && dim.value() == value;
}
// Unknown for a negative number.
inline Dim dim_of(int64_t value) { return value < 0 ? Dim() : Dim(value); }

// Unknown where the result is neither a number nor one of the operands.
Dim add(const Dim& a, const Dim& b);
Dim multiply(const Dim& a, const Dim& b);
Dim product(const Dims& dims);

// Two views of one dimension: the better known. Fails the node for two numbers that differ.
Dim merge(const NodeInfo& node, const Dim& a, const Dim& b);

// Elements of input i where it may be a shape: a scalar or vector of int32 or int64 of at most
// kMaxElements.
std::optional<Dims> small_elements(const Inference& node, size_t i);
// How many elements input i has, if it is a vector of known length (or a scalar: 1).
std::optional<size_t> vector_length(const Inference& node, size_t i);
// Says what the elements of output i, a scalar or vector of integers, are.
void set_elements(Inference& node, size_t i, Dims elements);

// A list that is an attribute in some versions and input i in others. absent: it is not there;
// unknown: the input is not constant.
struct ListArgument {
  bool absent = false;
  std::optional<std::vector<int64_t>> values;
};
ListArgument list_argument(const NodeInfo& node, std::string_view attribute);
ListArgument list_argument(const NodeInfo& node, size_t i);

// The axes as flags, one for each dimension. Fails the node as resolve_axes does; absent then.
std::optional<std::vector<bool>> axis_flags(const NodeInfo& node, const std::vector<int64_t>& axes,
                                            int rank);

}  // namespace escuta::ops
