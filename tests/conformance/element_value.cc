#include "element_value.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace escuta::conformance {
namespace {

template <typename T>
T load(const std::byte* data, int64_t index) {
  T value;
  std::memcpy(&value, data + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

// Elements of `bits` bits, the first in the lowest bits of a byte.
uint32_t packed(const std::byte* data, int64_t index, int bits) {
  const int64_t per_byte = 8 / bits;
  const auto byte = std::to_integer<uint32_t>(data[index / per_byte]);
  return (byte >> (bits * static_cast<int>(index % per_byte))) & ((1u << bits) - 1);
}

Real sign_extended(uint32_t value, int bits) {
  const int range = 1 << bits;
  const int number = static_cast<int>(value);
  return number >= range / 2 ? number - range : number;
}

// What the encodings without an infinity of IEEE's do with their last codes.
enum class Special { kIeee, kFn, kFnuz, kFinite };

// Sign, then `exponent_bits`, then `mantissa_bits`.
Real small_float(uint32_t code, int exponent_bits, int mantissa_bits, int bias, Special special) {
  const uint32_t mantissa = code & ((1u << mantissa_bits) - 1);
  const int exponent = static_cast<int>((code >> mantissa_bits) & ((1u << exponent_bits) - 1));
  const bool negative = ((code >> (mantissa_bits + exponent_bits)) & 1) != 0;
  const int last = (1 << exponent_bits) - 1;
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  if (special == Special::kIeee && exponent == last) {
    if (mantissa != 0) return nan;
    const Real infinity = std::numeric_limits<Real>::infinity();
    return negative ? -infinity : infinity;
  }
  if (special == Special::kFn && exponent == last && mantissa == (1u << mantissa_bits) - 1) {
    return nan;
  }
  if (special == Special::kFnuz && negative && exponent == 0 && mantissa == 0) return nan;
  const Real one = std::ldexp(Real{1}, mantissa_bits);
  const Real value = exponent == 0
                         ? std::ldexp(static_cast<Real>(mantissa) / one, 1 - bias)
                         : std::ldexp(1 + static_cast<Real>(mantissa) / one, exponent - bias);
  return negative ? -value : value;
}

Real small_element(DType dtype, const std::byte* data, int64_t index) {
  switch (dtype) {
    case DType::kFloat16:
      return small_float(load<uint16_t>(data, index), 5, 10, 15, Special::kIeee);
    case DType::kBfloat16:
      return small_float(load<uint16_t>(data, index), 8, 7, 127, Special::kIeee);
    case DType::kFloat8E4M3FN:
      return small_float(load<uint8_t>(data, index), 4, 3, 7, Special::kFn);
    case DType::kFloat8E4M3FNUZ:
      return small_float(load<uint8_t>(data, index), 4, 3, 8, Special::kFnuz);
    case DType::kFloat8E5M2:
      return small_float(load<uint8_t>(data, index), 5, 2, 15, Special::kIeee);
    case DType::kFloat8E5M2FNUZ:
      return small_float(load<uint8_t>(data, index), 5, 2, 16, Special::kFnuz);
    case DType::kFloat4E2M1:
      return small_float(packed(data, index, 4), 2, 1, 1, Special::kFinite);
    case DType::kFloat8E8M0: {  // an exponent alone
      const int exponent = load<uint8_t>(data, index);
      return exponent == 255 ? std::numeric_limits<Real>::quiet_NaN()
                             : std::ldexp(Real{1}, exponent - 127);
    }
    case DType::kUint4:
      return packed(data, index, 4);
    case DType::kInt4:
      return sign_extended(packed(data, index, 4), 4);
    case DType::kUint2:
      return packed(data, index, 2);
    case DType::kInt2:
      return sign_extended(packed(data, index, 2), 2);
    default:
      return std::numeric_limits<Real>::quiet_NaN();
  }
}

}  // namespace

std::complex<Real> element_value(DType dtype, const std::byte* data, int64_t index) {
  switch (dtype) {
    case DType::kFloat:
      return load<float>(data, index);
    case DType::kDouble:
      return load<double>(data, index);
    case DType::kBool:
    case DType::kUint8:
      return load<uint8_t>(data, index);
    case DType::kInt8:
      return load<int8_t>(data, index);
    case DType::kUint16:
      return load<uint16_t>(data, index);
    case DType::kInt16:
      return load<int16_t>(data, index);
    case DType::kUint32:
      return load<uint32_t>(data, index);
    case DType::kInt32:
      return load<int32_t>(data, index);
    case DType::kUint64:
      return static_cast<Real>(load<uint64_t>(data, index));
    case DType::kInt64:
      return static_cast<Real>(load<int64_t>(data, index));
    case DType::kComplex64:
      return {load<float>(data, 2 * index), load<float>(data, 2 * index + 1)};
    case DType::kComplex128:
      return {load<double>(data, 2 * index), load<double>(data, 2 * index + 1)};
    default:
      return small_element(dtype, data, index);
  }
}

}  // namespace escuta::conformance
