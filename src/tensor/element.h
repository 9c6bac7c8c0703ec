// C++ types for the elements that C++ lacks, so that loops over elements are written once.
//
// Float16 and BFloat16 convert to float exactly and from float with round-to-nearest-even; compute
// in Wide<T>. Plain values.
#pragma once

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <string>
#include <type_traits>

#include "tensor/dtype.h"
#include "tensor/float16.h"

namespace escuta {

struct Float16 {
  uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value) : bits(float_to_half(value)) {}
  operator float() const { return half_to_float(bits); }  // NOLINT: a widening, like short -> int
};

struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    // A quiet NaN stays one: rounding could carry it into infinity.
    bits = std::isnan(value) ? static_cast<uint16_t>((word >> 16) | 0x40)
                             : static_cast<uint16_t>((word + 0x7fff + ((word >> 16) & 1)) >> 16);
  }
  operator float() const {  // NOLINT: a widening
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
};

using Complex64 = std::complex<float>;
using Complex128 = std::complex<double>;

template <typename T>
inline constexpr bool kIsHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;
template <typename T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsHalf<T>;

// What T is computed in: float for the half-width types, else T.
template <typename T>
using Wide = std::conditional_t<kIsHalf<T>, float, T>;

template <>
constexpr DType dtype_of<Float16>() {
  return DType::kFloat16;
}
template <>
constexpr DType dtype_of<BFloat16>() {
  return DType::kBfloat16;
}
template <>
constexpr DType dtype_of<uint16_t>() {
  return DType::kUint16;
}
template <>
constexpr DType dtype_of<int16_t>() {
  return DType::kInt16;
}
template <>
constexpr DType dtype_of<uint32_t>() {
  return DType::kUint32;
}
template <>
constexpr DType dtype_of<uint64_t>() {
  return DType::kUint64;
}
template <>
constexpr DType dtype_of<std::string>() {
  return DType::kString;
}
template <>
constexpr DType dtype_of<Complex64>() {
  return DType::kComplex64;
}
template <>
constexpr DType dtype_of<Complex128>() {
  return DType::kComplex128;
}

}  // namespace escuta
