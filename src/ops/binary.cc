#include "ops/binary.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ops/dims.h"

namespace escuta::ops {

BroadcastRule::BroadcastRule(const NodeInfo& node) : limited_(node.version() < 7) {
  if (!limited_) return;
  broadcast_ = node.integer("broadcast", 0) != 0;
  axis_ = node.integer("axis", -1);
}

Result<Shape> BroadcastRule::align(const Shape& a, const Shape& b) const {
  if (!limited_) return b;
  if (b.count() == 1) return Shape{};
  if (!broadcast_) {
    if (a == b) return b;
    return invalid_argument("expected equal shapes (attribute `broadcast` is 0), found {} and {}",
                            a.to_string(), b.to_string());
  }
  const int64_t first = axis_ == -1 ? a.rank() - b.rank() : axis_;
  bool fits = first >= 0 && first <= a.rank() - b.rank();
  std::array<int64_t, kMaxRank> dims;
  dims.fill(1);
  for (int i = 0; fits && i < b.rank(); ++i) {
    const int at = static_cast<int>(first) + i;
    dims[static_cast<size_t>(at)] = b[i];
    fits = b[i] == 1 || b[i] == a[at];
  }
  if (fits) return Shape::create(std::span(dims.data(), static_cast<size_t>(a.rank())));
  return invalid_argument("expected a shape that fits into {} from axis {} on, found {}",
                          a.to_string(), axis_, b.to_string());
}

void infer_binary(Inference& node) {
  if (node.version() < 7) {
    node.set(0, node.dtype(0), node.shape(0));
  } else {
    infer_broadcast(node);
  }
}

void infer_binary_bool(Inference& node) {
  if (node.version() < 7) {
    node.set(0, DType::kBool, node.shape(0));
  } else {
    infer_broadcast_bool(node);
  }
}

namespace {

std::optional<std::vector<ShapeElement>> shape_operand(const Inference& node, size_t i) {
  const DType dtype = node.dtype(i);
  const auto rank = node.rank(i);
  if ((dtype != DType::kInt32 && dtype != DType::kInt64) || !rank || *rank > 1) return {};
  // Shapes are short: a weight that many nodes read is not looked at again and again.
  const auto length = vector_length(node, i);
  if (*rank == 1 && (!length || *length > kMaxElements)) return {};
  std::vector<ShapeElement> elements;
  if (const auto ints = node.constant_ints(i)) {
    for (const int64_t value : *ints) elements.push_back({value, {}});
  } else if (node.input(i).elements) {
    for (const Dim& dim : *node.input(i).elements) {
      elements.push_back(
          {dim.is_known() ? std::optional(dim.value()) : std::nullopt, dim.symbol()});
    }
  } else {
    return {};
  }
  return elements;
}

}  // namespace

void infer_shape_arithmetic(Inference& node,
                            ShapeElement (*combine)(const ShapeElement& a, const ShapeElement& b)) {
  infer_binary(node);
  if (!node.has_output(0)) return;
  Fact& result = node.output(0);
  result.elements.reset();
  const auto a = shape_operand(node, 0), b = shape_operand(node, 1);
  if (!a || !b || node.dtype(0) != node.dtype(1)) return;
  if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return;
  const int64_t limit = node.dtype(0) == DType::kInt32 ? std::numeric_limits<int32_t>::max()
                                                       : std::numeric_limits<int64_t>::max();
  const size_t count = a->size() == 1 ? b->size() : a->size();
  Dims elements;
  for (size_t i = 0; i < count; ++i) {
    ShapeElement element = combine((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
    if (element.value && *element.value >= 0 && *element.value <= limit) {
      elements.push_back(Dim(*element.value));
    } else if (!element.value && !element.symbol.empty()) {
      elements.push_back(Dim(std::move(element.symbol)));
    } else {
      elements.push_back(Dim());
    }
  }
  result.elements = std::move(elements);
}

}  // namespace escuta::ops
