// Arithmetic that is defined for every operand: integers wrap around (two's complement), division
// by zero gives 0, shifts by more than the width give 0, conversions from floating point saturate.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace escuta::ops {

// The unsigned type to compute T in: at least that of int, so that nothing is promoted to signed.
template <typename T>
using Modular = std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>;

template <typename T>
constexpr T wrapping_add(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    return a + b;
  } else {
    return static_cast<T>(static_cast<Modular<T>>(a) + static_cast<Modular<T>>(b));
  }
}

template <typename T>
constexpr T wrapping_sub(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    return a - b;
  } else {
    return static_cast<T>(static_cast<Modular<T>>(a) - static_cast<Modular<T>>(b));
  }
}

template <typename T>
constexpr T wrapping_mul(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    return a * b;
  } else {
    return static_cast<T>(static_cast<Modular<T>>(a) * static_cast<Modular<T>>(b));
  }
}

// Integers: towards zero.
template <typename T>
constexpr T wrapping_div(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    return a / b;
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return wrapping_sub(T{0}, a);
    }
    return static_cast<T>(a / b);
  }
}

// Of integers; the remainder of wrapping_div, with the sign of a.
template <typename T>
constexpr T wrapping_rem(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  return static_cast<T>(a % b);
}

// Towards zero; NaN gives 0, what is out of range the nearest end. T: an integer type.
template <typename T>
constexpr T saturating_cast(double value) {
  // The ends as powers of two, which double has exactly.
  constexpr double end = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
  if (value >= end) return std::numeric_limits<T>::max();
  constexpr double start = static_cast<double>(std::numeric_limits<T>::min());
  if (value <= start) return std::numeric_limits<T>::min();
  return value == value ? static_cast<T>(value) : T{0};
}

}  // namespace escuta::ops
