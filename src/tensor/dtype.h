// Element types of tensors. The numbers are ONNX's TensorProto.DataType (onnx.proto).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace escuta {

enum class DType : uint8_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUint4 = 21,
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
  kUint2 = 25,
  kInt2 = 26,
};
inline constexpr int kMaxDType = 26;

// "float", "int64", ...: the names that ONNX's printer uses.
std::string_view dtype_name(DType dtype);

// Bits of one element; 0 for strings and kUndefined. Elements under 8 bits are packed,
// lowest bits first (onnx.proto, TensorProto.raw_data).
int dtype_bits(DType dtype);

// The type with ONNX's number `value`; InvalidArgument where ONNX has none.
Result<DType> dtype_from_onnx(int64_t value);

// Bytes of `count` packed elements, or OutOfRange where that overflows or the type has no size.
Result<size_t> dtype_bytes(DType dtype, int64_t count);

// The DType of a C++ element type: dtype_of<float>() == DType::kFloat.
template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kDouble;
}
template <>
constexpr DType dtype_of<int8_t>() {
  return DType::kInt8;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::kUint8;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::kInt32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<bool>() {
  return DType::kBool;
}

}  // namespace escuta
