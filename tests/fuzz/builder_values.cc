// What nodes read: values that are there, fresh constants and inputs.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "builder.h"
#include "tensor/element.h"

namespace escuta::fuzz {

double Builder::real(double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random_);
}

Dims Builder::some_dims(int min_rank, int max_rank, int max_dim) {
  Dims dims(static_cast<size_t>(min_rank + pick(max_rank - min_rank + 1)));
  const bool empty = pick(30) == 0;
  for (int64_t& dim : dims) dim = empty && pick(3) == 0 ? 0 : 1 + pick(max_dim);
  return dims;
}

Types Builder::types_since(int version, const Types& types) const {
  if (opset_ >= version) return types;
  Types floats;
  for (const DType type : types) {
    if (is_float(type)) floats.push_back(type);
  }
  return floats;
}

bool Builder::fits_range(const Made& made, Range range) const {
  if (!made.finite || (exact_ && made.error != 0)) return false;
  if (made.error > 0.05) return false;
  if (made.dtype() == DType::kString || made.count() == 0) return true;
  return made.low >= range.low && made.high <= range.high;
}

const Made* Builder::find(const std::function<bool(const Made&)>& fits) {
  std::vector<const Made*> all;
  for (const Made& made : made_) {
    if (!made.reused || (exact_ && made.error != 0)) continue;
    if (fits(made)) all.push_back(&made);
  }
  return all.empty() ? nullptr : one_of(all);
}

Made Builder::operand(const Types& types, int min_rank, int max_rank, Range range) {
  const auto fits = [&](const Made& made) {
    return made.is_tensor() && made.rank() >= min_rank && made.rank() <= max_rank &&
           std::find(types.begin(), types.end(), made.dtype()) != types.end() &&
           fits_range(made, range);
  };
  if (pick(5) != 0) {
    if (const Made* found = find(fits); found != nullptr) return *found;
  }
  const Dims dims = some_dims(min_rank, max_rank);
  range.low = std::max(range.low, -2.0);
  range.high = std::min(range.high, std::max(2.0, range.low + 2));
  const DType dtype = one_of(types);
  return coin() ? input(dtype, dims, range) : constant(dtype, dims, range);
}

Made Builder::filled(const Types& types, int min_rank, int max_rank, Range range) {
  for (int i = 0; i < 20; ++i) {
    Made made = operand(types, min_rank, max_rank, range);
    if (made.count() > 0) return made;
  }
  return fresh(types[0], Dims(static_cast<size_t>(std::max(min_rank, 1)), 2), {1, 2});
}

Made Builder::like(DType dtype, const Dims& dims, Range range) {
  if (coin()) {
    const Made* found = find([&](const Made& made) {
      return made.is_tensor() && made.dtype() == dtype && made.dims() == dims &&
             fits_range(made, range);
    });
    if (found != nullptr) return *found;
  }
  return fresh(dtype, dims, range);
}

Made Builder::partner(const Made& x, Range range) {
  Dims out;
  const Made* y = find([&](const Made& m) {
    return m.is_tensor() && m.dtype() == x.dtype() && broadcasts(x.dims(), m.dims(), out) &&
           fits_range(m, range);
  });
  if (y != nullptr && coin()) return *y;
  Dims dims = x.dims();
  for (int64_t& dim : dims) dim = coin() ? 1 : dim;
  if (coin() && !dims.empty()) dims.erase(dims.begin());
  return fresh(x.dtype(), dims, {std::max(range.low, -2.0), std::min(range.high, 2.0)});
}

// --- New ones ---

Datum Builder::random_datum(DType dtype, const Dims& dims, Range range) {
  Datum datum = *Datum::create(dtype, *Shape::create(dims));
  if (dtype == DType::kString) {
    for (int64_t i = 0; i < datum.count(); ++i) {
      datum.mutable_data<std::string>()[i] =
          one_of<std::string>({"a", "b", "A b", "", "one two", "1.5", "\xc3\xa4h", "b,c,,d"});
    }
    return datum;
  }
  const bool whole = !is_float(dtype);
  double low = range.low, high = range.high;
  if (whole && dtype != DType::kBool && low == -2 && high == 2) low = -9, high = 9;
  const bool positive = dtype == DType::kUint8 || dtype == DType::kUint16 ||
                        dtype == DType::kUint32 || dtype == DType::kUint64;
  if (positive) low = std::max(low, 0.0);
  for (int64_t i = 0; i < datum.count(); ++i) {
    double x = dtype == DType::kBool ? pick(2) : real(low, high);
    if (whole) x = std::clamp(std::round(x), std::ceil(low), std::max(std::ceil(low), high));
    set_element(datum, i, dtype == DType::kBool ? static_cast<double>(pick(2)) : x);
  }
  return datum;
}

Datum Builder::datum_of(DType dtype, const Dims& dims, const std::vector<double>& values) {
  Datum datum = *Datum::create(dtype, *Shape::create(dims));
  for (size_t i = 0; i < values.size(); ++i) {
    set_element(datum, static_cast<int64_t>(i), values[i]);
  }
  return datum;
}

onnx::TensorDef Builder::tensor(std::string name, const Datum& datum) {
  onnx::TensorDef def;
  def.name = std::move(name);
  def.dtype = datum.dtype();
  for (const int64_t dim : datum.shape().dims()) def.dims.push_back(dim);
  if (datum.dtype() == DType::kString) {
    const auto all = datum.as<std::string>();
    def.strings.assign(all.begin(), all.end());
    return def;
  }
  graph_.storage.emplace_back(datum.bytes(), datum.bytes() + datum.byte_size());
  def.bytes = graph_.storage.back();
  return def;
}

Made Builder::constant(Datum datum) {
  Made made{fresh_name("c"), std::move(datum)};
  if (made.dtype() != DType::kString) {
    for (int64_t i = 0; i < made.count(); ++i) {
      const double x = element(made.value, i);
      made.finite = made.finite && std::isfinite(x);
      made.low = i == 0 ? x : std::min(made.low, x);
      made.high = i == 0 ? x : std::max(made.high, x);
    }
  }
  graph_.model.graph.initializers.push_back(tensor(made.name, made.value));
  made.reused = pick(4) == 0;
  made_.push_back(made);
  return made;
}

Made Builder::constant(DType dtype, const Dims& dims, Range range) {
  return constant(random_datum(dtype, dims, range));
}

Made Builder::input(DType dtype, const Dims& dims, Range range) {
  // Provider `ort` hands over numbers only.
  if (dtype == DType::kString && options_.for_ort) return constant(dtype, dims, range);
  Made made = constant(random_datum(dtype, dims, range));
  graph_.model.graph.initializers.pop_back();
  onnx::ValueInfo info;
  info.name = made.name;
  info.type.kind = onnx::TypeDef::Kind::kTensor;
  info.type.dtype = dtype;
  if (coin()) {
    info.type.shape.emplace();
    for (const int64_t dim : dims) {
      if (rarely()) {
        info.type.shape->emplace_back(fresh_name("d"));
      } else {
        info.type.shape->emplace_back(dim);
      }
    }
  }
  graph_.model.graph.inputs.push_back(std::move(info));
  graph_.inputs.push_back(engine::Value::of(made.value));
  made_.back().reused = made.reused = true;
  return made;
}

Made Builder::fresh(DType dtype, const Dims& dims, Range range) {
  return pick(4) == 0 ? input(dtype, dims, range) : constant(dtype, dims, range);
}

std::string Builder::ints(const std::vector<int64_t>& values) {
  const int64_t count = static_cast<int64_t>(values.size());
  return constant(datum_of(DType::kInt64, {count}, {values.begin(), values.end()})).name;
}
std::string Builder::ints32(const std::vector<int64_t>& values) {
  const int64_t count = static_cast<int64_t>(values.size());
  return constant(datum_of(DType::kInt32, {count}, {values.begin(), values.end()})).name;
}
std::string Builder::scalar(int64_t value) {
  return constant(datum_of(DType::kInt64, {}, {static_cast<double>(value)})).name;
}
std::string Builder::scalar32(int64_t value) {
  return constant(datum_of(DType::kInt32, {}, {static_cast<double>(value)})).name;
}
std::string Builder::number(double value, DType dtype, bool vector) {
  return constant(datum_of(dtype, vector ? Dims{1} : Dims{}, {value})).name;
}
std::string Builder::strings(const std::vector<std::string>& values, const Dims& dims) {
  return constant(*Datum::of<std::string>(*Shape::create(dims), values)).name;
}

}  // namespace escuta::fuzz
