#include "ops/dims.h"

#include <algorithm>

namespace escuta::ops {

Dim add(const Dim& a, const Dim& b) {
  if (is_number(a, 0)) return b;
  if (is_number(b, 0)) return a;
  int64_t sum = 0;
  if (!a.is_known() || !b.is_known() || __builtin_add_overflow(a.value(), b.value(), &sum)) {
    return {};
  }
  return Dim(sum);
}

Dim multiply(const Dim& a, const Dim& b) {
  if (is_number(a, 1) || is_number(b, 0)) return b;
  if (is_number(b, 1) || is_number(a, 0)) return a;
  int64_t result = 0;
  if (!a.is_known() || !b.is_known() || __builtin_mul_overflow(a.value(), b.value(), &result)) {
    return {};
  }
  return Dim(result);
}

Dim product(const Dims& dims) {
  // A zero makes the product known whatever the others are.
  if (std::ranges::any_of(dims, [](const Dim& dim) { return is_number(dim, 0); })) {
    return Dim(int64_t{0});
  }
  Dim result(int64_t{1});
  for (const Dim& dim : dims) {
    result = multiply(result, dim);
    if (result == Dim()) return result;
  }
  return result;
}

Dim merge(const NodeInfo& node, const Dim& a, const Dim& b) {
  if (!a.may_equal(b)) {
    node.fail(invalid_argument("expected equal dimensions, found {} and {}", a.value(), b.value()));
  }
  if (a.is_known() || b == Dim()) return a;
  return b.is_known() || a == Dim() ? b : a;
}

std::optional<size_t> vector_length(const Inference& node, size_t i) {
  const std::optional<Dims>& shape = node.shape(i);
  if (!shape || shape->size() > 1) return std::nullopt;
  if (shape->empty()) return 1;
  if (!shape->front().is_known()) return std::nullopt;
  return static_cast<size_t>(shape->front().value());
}

std::optional<Dims> small_elements(const Inference& node, size_t i) {
  const graph::ConstantPtr& constant = node.input(i).constant;
  if (constant != nullptr) {
    if (constant->shape.rank() > 1 ||
        constant->shape.count() > static_cast<int64_t>(kMaxElements)) {
      return std::nullopt;
    }
  }
  std::optional<Dims> elements = node.shape_elements(i);
  if (elements && elements->size() > kMaxElements) return std::nullopt;
  return elements;
}

void set_elements(Inference& node, size_t i, Dims elements) {
  if (!node.has_output(i) || elements.size() > kMaxElements) return;
  node.output(i).elements = std::move(elements);
}

ListArgument list_argument(const NodeInfo& node, std::string_view attribute) {
  if (!node.has(attribute)) return {.absent = true, .values = std::nullopt};
  return {.absent = false, .values = node.integers(attribute)};
}

ListArgument list_argument(const NodeInfo& node, size_t i) {
  return {.absent = !node.has_input(i), .values = node.constant_ints(i)};
}

std::optional<std::vector<bool>> axis_flags(const NodeInfo& node, const std::vector<int64_t>& axes,
                                            int rank) {
  std::vector<bool> flags(static_cast<size_t>(rank));
  for (const int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      node.fail(
          invalid_argument("expected an axis from {} to {}, found {}", -rank, rank - 1, axis));
      return std::nullopt;
    }
    const auto at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    if (flags[at]) {
      node.fail(invalid_argument("axis {} is there twice", axis));
      return std::nullopt;
    }
    flags[at] = true;
  }
  return flags;
}

}  // namespace escuta::ops
