// Operators that work on each element by itself.
#include <limits>

#include "draws.h"

namespace escuta::fuzz {

bool emit(Builder& b, const Entry& e, std::vector<std::string> inputs, Attributes attributes,
          int outputs) {
  return b.put({e.op, e.domain, std::move(inputs), outputs, std::move(attributes), e.rule, {}, {}});
}

int64_t any_axis(Builder& b, int axis, int rank) { return b.coin() ? axis : axis - rank; }

std::vector<int64_t> iota(int count) {
  std::vector<int64_t> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

bool unary(Builder& b, const Entry& e) { return emit(b, e, {b.operand(e.types).name}); }

bool with_alpha(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  return emit(b, e, {x.name},
              b.coin() ? Attributes{} : Attributes{attr("alpha", b.real(0.1, 1.5))});
}

// |x| + 0.5 where nothing is there that is positive.
static std::string positive(Builder& b, const Entry& e, double least) {
  const Made x = b.operand(e.types);
  if (x.count() == 0 || x.low >= least) return x.name;
  const Made* abs = b.step("Abs", {x.name}, {}, Rule::kMoves);
  if (abs == nullptr) return "";
  const Made* sum = b.step("Add", {abs->name, b.number(least, x.dtype())});
  return sum == nullptr ? "" : sum->name;
}

bool above_half(Builder& b, const Entry& e) {
  const std::string x = positive(b, e, 0.5);
  return !x.empty() && emit(b, e, {x});
}
bool above_one(Builder& b, const Entry& e) {
  const std::string x = positive(b, e, 1.25);
  return !x.empty() && emit(b, e, {x});
}
bool within_one(Builder& b, const Entry& e) {
  return emit(b, e, {b.operand(e.types, 0, 4, {-0.9, 0.9}).name});
}

bool clip(Builder& b, const Entry& e) {
  const Made x = b.operand(b.types_since(12, e.types));
  const double low = b.real(-1, 0), high = b.real(0, 1);
  if (b.opset() < 11) return emit(b, e, {x.name}, {attr("min", low), attr("max", high)});
  std::vector<std::string> inputs = {x.name, b.coin() ? "" : b.number(low, x.dtype())};
  if (b.coin()) inputs.push_back(b.number(high, x.dtype()));
  return emit(b, e, inputs);
}

bool shrink(Builder& b, const Entry& e) {
  b.set_exact(true);  // it jumps at lambd
  return emit(b, e, {b.operand(e.types).name},
              {attr("lambd", b.real(0.1, 1)), attr("bias", b.real(-0.5, 0.5))});
}

bool binary(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  const Made y = b.partner(x);
  return b.coin() ? emit(b, e, {x.name, y.name}) : emit(b, e, {y.name, x.name});
}

bool divide(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  const Made y = b.partner(x, {1, 9});
  if (y.count() > 0 && y.low < 0.5) return false;
  return emit(b, e, {x.name, y.name});
}

bool modulo(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  const Made y = b.partner(x, {1, 9});
  if (y.count() > 0 && y.low < 0.5) return false;
  const bool fmod = is_float(x.dtype()) || b.coin();
  return emit(b, e, {x.name, y.name}, {attr("fmod", fmod)});
}

bool power(Builder& b, const Entry& e) {
  const Made x = b.operand(b.types_since(12, e.types), 0, 4, {0.3, 6});
  if (b.coin()) {
    const int exponent = 1 + b.pick(3);
    return emit(b, e, {x.name, b.number(exponent, x.dtype(), b.coin())});
  }
  if (!is_float(x.dtype())) return emit(b, e, {x.name, b.partner(x, {0, 3}).name});
  return emit(b, e, {x.name, b.partner(x, {0, 2}).name});
}

bool variadic(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  std::vector<std::string> inputs = {x.name};
  for (int i = b.pick(3); i > 0; --i) inputs.push_back(b.partner(x).name);
  Dims all = x.dims(), out;
  for (const std::string& name : inputs) {
    const Made* made = b.find([&](const Made& m) { return m.name == name; });
    if (made == nullptr) continue;  // a constant, made to fit x
    if (!broadcasts(all, made->dims(), out)) return false;
    all = out;
  }
  return emit(b, e, inputs);
}

bool bit_shift(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  return emit(b, e, {x.name, b.partner(x, {0, 5}).name},
              {attr("direction", b.coin() ? "LEFT" : "RIGHT")});
}

bool slope(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  Dims dims = x.dims(), out;
  for (int64_t& dim : dims) dim = b.coin() ? 1 : dim;
  return emit(b, e, {x.name, b.fresh(x.dtype(), dims).name});
}

bool where(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  const Made y = b.partner(x);
  Dims both, out;
  if (!broadcasts(x.dims(), y.dims(), both)) return false;
  Made c = b.operand(kBools);
  if (!broadcasts(c.dims(), both, out)) c = b.fresh(DType::kBool, x.dims());
  return emit(b, e, {c.name, x.name, y.name});
}

bool cast(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 0, 4, {-100, 100});
  Types to = {DType::kFloat, DType::kFloat,  DType::kInt64,  DType::kInt32,
              DType::kBool,  DType::kDouble, DType::kFloat16};
  if (x.dtype() == DType::kString) return false;
  if (x.count() == 0 || x.low >= 0) to.push_back(DType::kUint8);
  const DType type = b.one_of(to);
  Node node{e.op, e.domain, {x.name}, 1, {attr("to", static_cast<int64_t>(type))}, e.rule, {}, {}};
  const bool jumps = is_float(x.dtype()) && !is_float(type);
  node.rule = jumps ? Rule::kJumps : x.error == 0 ? Rule::kMoves : Rule::kRounds;
  return b.put(std::move(node));
}

bool cast_like(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 0, 4, {-100, 100}), like = b.operand(kNumbers);
  Node node{e.op, e.domain, {x.name, like.name}, 1, {}, Rule::kMoves, {}, {}};
  const bool jumps = is_float(x.dtype()) && !is_float(like.dtype());
  node.rule = jumps ? Rule::kJumps : x.error == 0 ? Rule::kMoves : Rule::kRounds;
  if (x.dtype() == DType::kString || x.low < -100 || x.high > 100) return false;
  return b.put(std::move(node));
}

// IsNaN and IsInf see some.
bool special_numbers(Builder& b, const Entry& e) {
  const DType dtype = b.one_of(e.types);
  const Dims dims = b.some_dims(0, 3);
  constexpr double kInf = std::numeric_limits<double>::infinity();
  std::vector<double> values;
  for (int64_t i = 0; i < product(dims); ++i) {
    values.push_back(b.one_of({0.0, 1.5, kInf, -kInf, std::numeric_limits<double>::quiet_NaN()}));
  }
  const Made x = b.constant(b.datum_of(dtype, dims, values));
  Attributes attributes;
  if (e.op == "IsInf" && b.coin()) attributes = {attr("detect_negative", b.coin())};
  return emit(b, e, {x.name}, attributes);
}

// Without training, all it does is to hand on.
bool dropout(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types);
  // Before version 12 ONNX Runtime's mask is false all over, where nothing is dropped.
  const bool mask = b.opset() >= (b.for_ort() ? 12 : 10) && b.rarely();
  return emit(b, e, {x.name}, {}, mask ? 2 : 1);
}

}  // namespace escuta::fuzz
