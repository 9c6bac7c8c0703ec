// Types, elements and attributes, whatever their type.
#include <cmath>
#include <cstring>

#include "builder.h"
#include "tensor/element.h"

namespace escuta::fuzz {

const Types kFloats = {DType::kFloat, DType::kFloat, DType::kFloat, DType::kDouble,
                       DType::kFloat16};
const Types kFloat32 = {DType::kFloat};
const Types kFloat64 = {DType::kFloat, DType::kFloat, DType::kDouble};
const Types kWhole = {DType::kInt64, DType::kInt64, DType::kInt32, DType::kInt8,
                      DType::kUint8, DType::kInt16, DType::kUint32};
const Types kSigned = {DType::kFloat, DType::kFloat, DType::kInt64, DType::kInt32, DType::kInt8};
const Types kNumbers = {DType::kFloat, DType::kFloat, DType::kFloat,  DType::kDouble,
                        DType::kInt64, DType::kInt32, DType::kFloat16};
const Types kBools = {DType::kBool};
const Types kAnything = {DType::kFloat,   DType::kFloat, DType::kFloat, DType::kDouble,
                         DType::kFloat16, DType::kInt64, DType::kInt64, DType::kInt32,
                         DType::kInt8,    DType::kUint8, DType::kBool,  DType::kString};
const Types kBytes = {DType::kUint8, DType::kInt8};
const Types kIndices = {DType::kInt64, DType::kInt64, DType::kInt32};
const Types kFloatOrWhole = {DType::kFloat, DType::kFloat, DType::kInt64, DType::kInt32};

bool is_float(DType dtype) {
  return dtype == DType::kFloat || dtype == DType::kDouble || dtype == DType::kFloat16 ||
         dtype == DType::kBfloat16;
}

namespace {

// Calls `use` with a value of the C++ type of numbers of this type.
template <typename F>
bool with_type(DType dtype, F&& use) {
  const auto try_one = [&]<typename T>(T zero) {
    if (dtype != dtype_of<T>()) return false;
    use(zero);
    return true;
  };
  return try_one(0.0f) || try_one(0.0) || try_one(Float16()) || try_one(BFloat16()) ||
         try_one(int8_t()) || try_one(uint8_t()) || try_one(int16_t()) || try_one(uint16_t()) ||
         try_one(int32_t()) || try_one(uint32_t()) || try_one(int64_t()) || try_one(uint64_t()) ||
         try_one(false);
}

onnx::AttributeDef named(std::string name, onnx::AttributeDef::Type type) {
  onnx::AttributeDef def;
  def.name = std::move(name);
  def.type = type;
  return def;
}

}  // namespace

double element(const Datum& datum, int64_t i) {
  double value = 0;
  const bool known = with_type(datum.dtype(), [&]<typename T>(T) {
    value = static_cast<double>(datum.as<T>()[static_cast<size_t>(i)]);
  });
  // Elements of 4 bits and of 8-bit floats: their bytes.
  if (!known && static_cast<size_t>(i) < datum.byte_size()) {
    value = std::to_integer<int>(datum.bytes()[i]);
  }
  return value;
}

void set_element(Datum& datum, int64_t i, double value) {
  with_type(datum.dtype(), [&]<typename T>(T) {
    if constexpr (kIsHalf<T>) {
      datum.mutable_data<T>()[i] = T(static_cast<float>(value));
    } else if constexpr (std::is_unsigned_v<T>) {
      datum.mutable_data<T>()[i] = static_cast<T>(std::max(value, 0.0));
    } else {
      datum.mutable_data<T>()[i] = static_cast<T>(value);
    }
  });
}

int64_t product(const Dims& dims) {
  int64_t all = 1;
  for (const int64_t dim : dims) all *= dim;
  return all;
}

bool broadcasts(const Dims& a, const Dims& b, Dims& out) {
  out.assign(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t x = i + a.size() < out.size() ? 1 : a[i + a.size() - out.size()];
    const int64_t y = i + b.size() < out.size() ? 1 : b[i + b.size() - out.size()];
    if (x != y && x != 1 && y != 1) return false;
    out[i] = x == 1 ? y : x;
  }
  return true;
}

onnx::AttributeDef attr(std::string name, int64_t value) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kInt);
  def.i = value;
  return def;
}
onnx::AttributeDef attr(std::string name, double value) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kFloat);
  def.f = static_cast<float>(value);
  return def;
}
onnx::AttributeDef attr(std::string name, const char* value) {
  return attr(std::move(name), std::string(value));
}
onnx::AttributeDef attr(std::string name, std::string value) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kString);
  def.s = std::move(value);
  return def;
}
onnx::AttributeDef attr(std::string name, std::vector<int64_t> values) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kInts);
  def.ints = std::move(values);
  return def;
}
onnx::AttributeDef attr(std::string name, std::vector<float> values) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kFloats);
  def.floats = std::move(values);
  return def;
}
onnx::AttributeDef attr(std::string name, std::vector<std::string> values) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kStrings);
  def.strings = std::move(values);
  return def;
}
onnx::AttributeDef attr(std::string name, onnx::TensorDef value) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kTensor);
  def.tensors = {std::move(value)};
  return def;
}
onnx::AttributeDef attr(std::string name, onnx::GraphDef value) {
  auto def = named(std::move(name), onnx::AttributeDef::Type::kGraph);
  def.graphs = {std::make_shared<const onnx::GraphDef>(std::move(value))};
  return def;
}

}  // namespace escuta::fuzz
