// Operators that look elements up, or put them in their places.
#include <algorithm>
#include <set>

#include "draws.h"

namespace escuta::fuzz {
namespace {

std::string indices(Builder& b, const Dims& dims, int64_t size, bool negative) {
  const DType dtype = b.one_of(kIndices);
  const double low = negative ? -static_cast<double>(size) : 0;
  return b.constant(b.random_datum(dtype, dims, {low, static_cast<double>(size) - 1})).name;
}

}  // namespace

bool gather(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4);
  const int axis = b.pick(x.rank());
  const int64_t size = x.dims()[static_cast<size_t>(axis)];
  const std::string at = indices(b, b.some_dims(0, 2, 4), size, b.opset() >= 11);
  return emit(b, e, {x.name, at},
              {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank()))});
}

bool gather_elements(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4);
  const int axis = b.pick(x.rank());
  Dims dims = x.dims();
  for (int64_t& dim : dims) dim = 1 + b.pick(static_cast<int>(dim));
  dims[static_cast<size_t>(axis)] = 1 + b.pick(5);
  const std::string at = indices(b, dims, x.dims()[static_cast<size_t>(axis)], true);
  return emit(b, e, {x.name, at}, {attr("axis", any_axis(b, axis, x.rank()))});
}

bool gather_nd(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4);
  const Dims own = x.dims();
  int batch = b.opset() >= 12 && e.domain.empty() && b.coin() ? b.pick(x.rank()) : 0;
  const int depth = 1 + b.pick(x.rank() - batch);
  Dims dims(own.begin(), own.begin() + batch);
  for (int i = b.pick(3); i > 0; --i) dims.push_back(1 + b.pick(3));
  dims.push_back(depth);
  std::vector<double> values;
  for (int64_t i = 0; i < product(dims); ++i) {
    const int64_t size = own[static_cast<size_t>(batch + i % depth)];
    values.push_back(b.pick(static_cast<int>(2 * size)) - static_cast<double>(size));
  }
  const Made at = b.constant(b.datum_of(DType::kInt64, dims, values));
  return emit(b, e, {x.name, at.name},
              batch == 0 ? Attributes{} : Attributes{attr("batch_dims", batch)});
}

// Each place is written once, but where sums and extremes are asked for: the order of writing is
// not defined.
bool scatter(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3);
  const int axis = b.pick(x.rank());
  const auto at_axis = static_cast<size_t>(axis);
  const int64_t size = x.dims()[at_axis];
  Dims dims = x.dims();
  for (int64_t& dim : dims) dim = 1 + b.pick(static_cast<int>(dim));
  const int start = b.pick(static_cast<int>(size - dims[at_axis] + 1));
  int64_t inner = 1;
  for (size_t i = at_axis + 1; i < dims.size(); ++i) inner *= dims[i];
  std::vector<double> values;
  for (int64_t i = 0; i < product(dims); ++i) {
    const int64_t place = start + (i / inner) % dims[at_axis];
    values.push_back(static_cast<double>(b.opset() >= 11 && b.coin() ? place - size : place));
  }
  const Made where = b.constant(b.datum_of(b.one_of(kIndices), dims, values));
  const Made updates = b.like(x.dtype(), dims);
  Attributes attributes = {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank()))};
  const bool reduces = e.op == "ScatterElements" && b.opset() >= 16 && is_float(x.dtype());
  Node node{e.op, e.domain, {x.name, where.name, updates.name}, 1, {}, e.rule, {}, {}};
  if (reduces && b.coin()) {
    static const char* const kModes[] = {"add", "mul", "max", "min"};
    attributes.push_back(attr("reduction", kModes[b.pick(b.opset() >= 18 ? 4 : 2)]));
    node.rule = Rule::kRounds;
  }
  node.attributes = attributes;
  return b.put(std::move(node));
}

bool scatter_nd(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3);
  const Dims own = x.dims();
  const int depth = 1 + b.pick(x.rank());
  std::set<std::vector<double>> places;
  for (int i = 1 + b.pick(3); i > 0; --i) {
    std::vector<double> place;
    for (int j = 0; j < depth; ++j) {
      place.push_back(b.pick(static_cast<int>(own[static_cast<size_t>(j)])));
    }
    places.insert(place);
  }
  std::vector<double> values;
  for (const auto& place : places) values.insert(values.end(), place.begin(), place.end());
  const auto count = static_cast<int64_t>(places.size());
  const Made where = b.constant(b.datum_of(DType::kInt64, {count, depth}, values));
  Dims dims = {count};
  dims.insert(dims.end(), own.begin() + depth, own.end());
  Node node{e.op, e.domain, {x.name, where.name, b.like(x.dtype(), dims).name}, 1, {}, e.rule,
            {},   {}};
  if (b.opset() >= 16 && is_float(x.dtype()) && b.coin()) {
    static const char* const kModes[] = {"add", "mul", "max", "min"};
    node.attributes = {attr("reduction", kModes[b.pick(b.opset() >= 18 ? 4 : 2)])};
    node.rule = Rule::kRounds;
  }
  return b.put(std::move(node));
}

bool compress(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4);
  const bool flat = b.coin();
  const int axis = b.pick(x.rank());
  const int64_t size = flat ? x.count() : x.dims()[static_cast<size_t>(axis)];
  const int64_t length = b.coin() ? size : 1 + b.pick(static_cast<int>(size));
  const Made mask = b.fresh(DType::kBool, {length});
  if (flat) return emit(b, e, {x.name, mask.name});
  return emit(b, e, {x.name, mask.name},
              {attr("axis", b.opset() < 11 ? axis : any_axis(b, axis, x.rank()))});
}

bool one_hot(Builder& b, const Entry& e) {
  const Made x =
      b.fresh(b.one_of({DType::kInt64, DType::kInt32, DType::kFloat}), b.some_dims(1, 3), {-4, 4});
  const Made whole = b.constant(b.random_datum(DType::kInt64, x.dims(), {-4, 6}));
  const Made values = b.fresh(b.one_of(e.types), {2});
  Attributes attributes;
  if (b.coin()) attributes = {attr("axis", any_axis(b, b.pick(x.rank() + 1), x.rank() + 1))};
  return emit(b, e, {whole.name, b.scalar(1 + b.pick(6)), values.name}, attributes);
}

bool non_zero(Builder& b, const Entry& e) { return emit(b, e, {b.operand(e.types, 1, 4).name}); }

bool unique(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3);
  Attributes attributes = {attr("sorted", b.coin())};
  if (b.coin()) attributes.push_back(attr("axis", any_axis(b, b.pick(x.rank()), x.rank())));
  return emit(b, e, {x.name}, attributes, 4);
}

bool tensor_scatter(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), length = 2 + b.pick(4), width = 1 + b.pick(3);
  const int64_t written = 1 + b.pick(static_cast<int>(length));
  const DType dtype = b.one_of(e.types);
  const Made past = b.like(dtype, {batch, 2, length, width});
  const Made update = b.like(dtype, {batch, 2, written, width});
  std::vector<int64_t> at;
  for (int64_t i = 0; i < batch; ++i) at.push_back(b.pick(static_cast<int>(length - written + 1)));
  return emit(b, e, {past.name, update.name, b.ints(at)});
}

bool non_max_suppression(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), boxes = 1 + b.pick(6), classes = 1 + b.pick(2);
  const Made where = b.fresh(DType::kFloat, {batch, boxes, 4}, {0, 4});
  const Made scores = b.fresh(DType::kFloat, {batch, classes, boxes}, {0, 1});
  std::vector<std::string> inputs = {where.name, scores.name, b.ints({1 + b.pick(3)})};
  if (b.coin()) {
    inputs.push_back(b.number(b.real(0.1, 0.9), DType::kFloat, true));
    inputs.push_back(b.number(b.real(0.0, 0.5), DType::kFloat, true));
  }
  return emit(b, e, inputs, {attr("center_point_box", b.coin())});
}

}  // namespace escuta::fuzz
