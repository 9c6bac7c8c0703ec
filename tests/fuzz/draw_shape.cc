// Operators that move elements, or tell of shapes.
#include <algorithm>

#include "draws.h"

namespace escuta::fuzz {

bool transpose(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 0, 5);
  std::vector<int64_t> perm = iota(x.rank());
  for (size_t i = perm.size(); i > 1; --i) {
    std::swap(perm[i - 1], perm[static_cast<size_t>(b.pick(static_cast<int>(i)))]);
  }
  return emit(b, e, {x.name}, b.rarely() ? Attributes{} : Attributes{attr("perm", perm)});
}

bool reshape(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 0, 5);
  Dims dims;
  int64_t left = x.count();
  for (int i = b.pick(4); i > 0; --i) {
    const int64_t dim = 1 + b.pick(4);
    if (left % dim != 0) continue;
    dims.push_back(dim);
    left /= dim;
  }
  dims.push_back(left);
  if (b.coin()) dims[static_cast<size_t>(b.pick(static_cast<int>(dims.size())))] = -1;
  for (size_t i = 0; i < dims.size() && i < x.dims().size(); ++i) {
    if (dims[i] == x.dims()[i] && b.coin()) dims[i] = 0;
  }
  return emit(b, e, {x.name, b.ints(dims)});
}

bool unsqueeze(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 0, 4);
  std::vector<int64_t> axes;
  const int extra = 1 + b.pick(2);
  for (int i = 0; i < extra; ++i) axes.push_back(i == 0 ? b.pick(x.rank() + 1) : x.rank() + 1);
  if (b.opset() < 13) return emit(b, e, {x.name}, {attr("axes", axes)});
  for (int64_t& axis : axes) axis = any_axis(b, static_cast<int>(axis), x.rank() + extra);
  return emit(b, e, {x.name, b.ints(axes)});
}

bool squeeze(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 1, 5);
  std::vector<int64_t> axes;
  for (int i = 0; i < x.rank(); ++i) {
    if (x.dims()[static_cast<size_t>(i)] == 1 && b.pick(3) != 0) axes.push_back(i);
  }
  if (axes.empty()) return emit(b, e, {x.name});
  if (b.opset() < 13) return emit(b, e, {x.name}, {attr("axes", axes)});
  for (int64_t& axis : axes) axis = any_axis(b, static_cast<int>(axis), x.rank());
  return emit(b, e, {x.name, b.ints(axes)});
}

bool flatten(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 1, 5);
  return emit(b, e, {x.name}, {attr("axis", b.pick(x.rank() + 1))});
}

bool concat(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 1, 4);
  const auto axis = static_cast<size_t>(b.pick(x.rank()));
  std::vector<std::string> inputs = {x.name};
  for (int i = b.pick(4); i > 0; --i) {
    const Made* y = b.find([&](const Made& m) {
      Dims a = x.dims(), c = m.dims();
      if (!m.is_tensor() || m.dtype() != x.dtype() || a.size() != c.size()) return false;
      a[axis] = c[axis] = 1;
      return a == c;
    });
    Dims dims = x.dims();
    dims[axis] = b.pick(4);
    inputs.push_back(y != nullptr && b.coin() ? y->name : b.fresh(x.dtype(), dims).name);
  }
  return emit(b, e, inputs,
              {attr("axis", b.opset() < 11 ? static_cast<int64_t>(axis)
                                           : any_axis(b, static_cast<int>(axis), x.rank()))});
}

bool split(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4);
  const int axis = b.pick(x.rank());
  const int64_t size = x.dims()[static_cast<size_t>(axis)];
  std::vector<int64_t> parts;
  for (int64_t left = size; left > 0; left -= parts.back()) {
    parts.push_back(1 + b.pick(static_cast<int>(left)));
  }
  if (b.rarely()) parts.push_back(0);
  const int outputs = static_cast<int>(parts.size());
  Attributes attributes = {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank()))};
  if (b.opset() < 13) {
    attributes.push_back(attr("split", parts));
    return emit(b, e, {x.name}, attributes, outputs);
  }
  if (b.opset() >= 18 && b.coin()) {
    const int64_t count = 1 + b.pick(static_cast<int>(size));
    if (((size + count - 1) / count) * (count - 1) >= size) return false;
    attributes.push_back(attr("num_outputs", count));
    return emit(b, e, {x.name}, attributes, static_cast<int>(count));
  }
  return emit(b, e, {x.name, b.ints(parts)}, attributes, outputs);
}

bool slice(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 1, 4);
  std::vector<int64_t> starts, ends, axes, steps;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!axes.empty() && b.coin()) continue;
    axes.push_back(b.opset() < 10 ? axis : any_axis(b, axis, x.rank()));
    starts.push_back(b.pick(8) - 2);
    ends.push_back(b.rarely() ? int64_t{1} << 62 : b.pick(8) - 1);
    steps.push_back(b.coin() ? 1 : b.coin() ? 2 : -1);
  }
  if (b.opset() < 10) {
    return emit(b, e, {x.name}, {attr("starts", starts), attr("ends", ends), attr("axes", axes)});
  }
  if (b.coin()) {
    return emit(b, e,
                {x.name, b.ints32(starts),
                 b.ints32(std::vector<int64_t>(ends.size(), 3 + b.pick(3))), b.ints32(axes)});
  }
  return emit(b, e, {x.name, b.ints(starts), b.ints(ends), b.ints(axes), b.ints(steps)});
}

bool expand(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  Dims dims = x.dims();
  for (int64_t& dim : dims) {
    if (dim == 1)
      dim = b.coin() ? 1 + b.pick(4) : dim;
    else
      dim = b.coin() ? 1 : dim;
  }
  if (b.coin() && dims.size() < 5) dims.insert(dims.begin(), 1 + b.pick(3));
  return emit(b, e, {x.name, b.ints(dims)});
}

bool tile(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 1, 4);
  Dims repeats;
  for (int i = 0; i < x.rank(); ++i) repeats.push_back(b.rarely() ? 0 : 1 + b.pick(3));
  return emit(b, e, {x.name, b.ints(repeats)});
}

bool pad(Builder& b, const Entry& e) {
  const Made x = b.filled(b.types_since(11, e.types), 1, 4);
  std::string mode = b.one_of<std::string>({"constant", "constant", "reflect", "edge", "wrap"});
  if (mode == "wrap" && b.opset() < 19) mode = "edge";
  std::vector<int64_t> pads;
  for (int i = 0; i < 2 * x.rank(); ++i) {
    const int64_t dim = x.dims()[static_cast<size_t>(i % x.rank())];
    const int64_t most = mode == "reflect" ? dim - 1 : mode == "wrap" ? dim : 3;
    int64_t by = most <= 0 ? 0 : b.pick(static_cast<int>(std::min<int64_t>(most, 3) + 1));
    if (mode == "constant" && b.rarely() && dim > 1) by = -1;
    pads.push_back(by);
  }
  for (int i = 0; i < x.rank(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (x.dims()[at] + pads[at] + pads[at + x.dims().size()] < 1) return false;
  }
  Attributes attributes;
  if (mode != "constant" || b.coin()) attributes = {attr("mode", mode)};
  if (b.opset() < 11 && e.domain.empty()) {
    attributes.push_back(attr("pads", pads));
    if (b.coin()) attributes.push_back(attr("value", 0.5));
    return emit(b, e, {x.name}, attributes);
  }
  std::vector<std::string> inputs = {x.name, b.ints(pads)};
  if (mode == "constant" && b.coin()) inputs.push_back(b.number(3, x.dtype()));
  return emit(b, e, inputs, attributes);
}

bool shape_of(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  if (b.opset() < 15 || b.coin()) return emit(b, e, {x.name});
  return emit(b, e, {x.name}, {attr("start", b.pick(4) - 2), attr("end", b.pick(5) - 1)});
}

bool size_of(Builder& b, const Entry& e) { return emit(b, e, {b.operand(e.types).name}); }

bool trilu(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 2, 4);
  std::vector<std::string> inputs = {x.name};
  if (b.coin()) inputs.push_back(b.scalar(b.pick(9) - 4));
  return emit(b, e, inputs, {attr("upper", b.coin())});
}

bool depth_to_space(Builder& b, const Entry& e) {
  const int64_t block = 1 + b.pick(2);
  const Made x = b.like(b.one_of(e.types), {1 + b.pick(2), block * block * (1 + b.pick(2)),
                                            1 + b.pick(3), 1 + b.pick(3)});
  Attributes attributes = {attr("blocksize", block)};
  if (b.opset() >= 11 && b.coin()) attributes.push_back(attr("mode", b.coin() ? "DCR" : "CRD"));
  return emit(b, e, {x.name}, attributes);
}

bool space_to_depth(Builder& b, const Entry& e) {
  const int64_t block = 1 + b.pick(2);
  const Made x = b.like(b.one_of(e.types), {1 + b.pick(2), 1 + b.pick(3), block * (1 + b.pick(3)),
                                            block * (1 + b.pick(3))});
  return emit(b, e, {x.name}, {attr("blocksize", block)});
}

bool center_crop_pad(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4);
  std::vector<int64_t> axes, sizes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (b.coin()) continue;
    axes.push_back(any_axis(b, axis, x.rank()));
    sizes.push_back(1 + b.pick(6));
  }
  if (axes.empty()) return false;
  return emit(b, e, {x.name, b.ints(sizes)}, {attr("axes", axes)});
}

bool reverse_sequence(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 2, 4);
  const int batch = b.pick(2);
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < x.dims()[static_cast<size_t>(batch)]; ++i) {
    lengths.push_back(1 + b.pick(static_cast<int>(x.dims()[static_cast<size_t>(1 - batch)])));
  }
  return emit(b, e, {x.name, b.ints(lengths)},
              {attr("batch_axis", batch), attr("time_axis", 1 - batch)});
}

bool constant_of_shape(Builder& b, const Entry& e) {
  const std::string shape = b.ints(b.some_dims(0, 3));
  if (b.coin()) return emit(b, e, {shape});
  const Datum value = b.random_datum(b.one_of(e.types), {1}, {-2, 2});
  return emit(b, e, {shape}, {attr("value", b.tensor("", value))});
}

bool range(Builder& b, const Entry& e) {
  const DType dtype = b.one_of(e.types);
  const double step = b.one_of({1.0, 2.0, -1.0, 3.0}), start = b.pick(7) - 3;
  const double limit = start + step * (b.pick(12) - 1);
  return emit(b, e, {b.number(start, dtype), b.number(limit, dtype), b.number(step, dtype)});
}

bool eye_like(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 2, 2);
  Attributes attributes = {attr("k", b.pick(7) - 3)};
  if (b.coin()) {
    const DType to = b.one_of({DType::kFloat, DType::kInt64, DType::kInt32, DType::kDouble});
    attributes.push_back(attr("dtype", static_cast<int64_t>(to)));
  }
  return emit(b, e, {x.name}, attributes);
}

bool constant_node(Builder& b, const Entry& e) {
  if (b.opset() >= 12) {
    switch (b.pick(4)) {
      case 0:
        return emit(b, e, {}, {attr("value_int", b.pick(9) - 4)});
      case 1:
        return emit(b, e, {}, {attr("value_floats", std::vector<float>{0.5f, -1.0f, 2.0f})});
      case 2:
        return emit(b, e, {}, {attr("value_ints", std::vector<int64_t>{1, -1, 3})});
      default:
        break;
    }
  }
  return emit(
      b, e, {},
      {attr("value", b.tensor("", b.random_datum(b.one_of(e.types), b.some_dims(0, 3), {-2, 2})))});
}

}  // namespace escuta::fuzz
