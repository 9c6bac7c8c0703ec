// Operators that work along axes: reductions, softmax, sums so far, positions.
#include <algorithm>

#include "draws.h"

namespace escuta::fuzz {

bool reduce(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 5, e.op == "ReduceLogSum" ? Range{0.2, 100} : Range{-50, 50});
  if (e.op == "ReduceProd" && x.count() > 60) return false;
  std::vector<int64_t> axes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (b.coin()) axes.push_back(any_axis(b, axis, x.rank()));
  }
  Attributes attributes;
  if (b.coin()) attributes.push_back(attr("keepdims", b.coin()));
  const bool as_input = b.opset() >= (e.op == "ReduceSum" ? 13 : 18);
  if (as_input && axes.empty() && b.coin())
    attributes.push_back(attr("noop_with_empty_axes", b.coin()));
  if (axes.empty()) return emit(b, e, {x.name}, attributes);
  if (b.opset() < 11) {
    for (int64_t& axis : axes) axis = axis < 0 ? axis + x.rank() : axis;
  }
  if (as_input) return emit(b, e, {x.name, b.ints(axes)}, attributes);
  attributes.push_back(attr("axes", axes));
  return emit(b, e, {x.name}, attributes);
}

bool along_axis(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4, {-50, 50});
  Attributes attributes;
  const int axis = b.pick(x.rank());
  if (b.coin() || x.rank() == 1) {
    attributes = {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank()))};
  }
  return emit(b, e, {x.name}, attributes);
}

bool position(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types);
  const int axis = b.pick(x.rank());
  Attributes attributes = {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank())),
                           attr("keepdims", b.coin())};
  if (b.opset() >= 12 && b.coin()) attributes.push_back(attr("select_last_index", b.coin()));
  return emit(b, e, {x.name}, attributes);
}

bool cumulative(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 1, 4, {-50, 50});
  const int64_t axis = any_axis(b, b.pick(x.rank()), x.rank());
  return emit(b, e, {x.name, b.coin() ? b.scalar(axis) : b.scalar32(axis)},
              {attr("exclusive", b.coin()), attr("reverse", b.coin())});
}

bool top_k(Builder& b, const Entry& e) {
  const Made x = b.filled(b.types_since(11, e.types), 1, 4);
  const int axis = b.pick(x.rank());
  const int64_t size = x.dims()[static_cast<size_t>(axis)];
  const int64_t k = 1 + b.pick(static_cast<int>(size));
  if (b.opset() < 10) {
    return emit(b, e, {x.name}, {attr("k", k), attr("axis", axis)}, 2);
  }
  Attributes attributes = {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank()))};
  if (b.opset() >= 11) attributes.push_back(attr("largest", b.coin()));
  return emit(b, e, {x.name, b.ints({k})}, attributes, 2);
}

}  // namespace escuta::fuzz
