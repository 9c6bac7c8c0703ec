// A total order of elements, for sorting: NaN is above all numbers and equal to itself; complex
// numbers go by their real part first.
#pragma once

#include <cmath>

#include "tensor/element.h"

namespace escuta::ops {

template <typename T>
bool is_less(const T& a, const T& b) {
  if constexpr (kIsFloat<T>) {
    const auto x = static_cast<Wide<T>>(a), y = static_cast<Wide<T>>(b);
    if (std::isnan(x)) return false;
    return std::isnan(y) || x < y;
  } else if constexpr (std::is_same_v<T, Complex64> || std::is_same_v<T, Complex128>) {
    if (is_less(a.real(), b.real())) return true;
    return !is_less(b.real(), a.real()) && is_less(a.imag(), b.imag());
  } else {
    return a < b;
  }
}

}  // namespace escuta::ops
