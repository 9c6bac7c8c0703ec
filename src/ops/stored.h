// Reading elements as they are stored: bytes of a bool tensor that are neither 0 nor 1, which a
// file or a caller may give, are true instead of undefined behaviour.
#pragma once

#include <type_traits>

#include "tensor/datum.h"

namespace escuta::ops {

struct StoredBool {
  uint8_t byte;
  operator bool() const { return byte != 0; }  // NOLINT: it is one
};

template <typename T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, StoredBool, T>;

// The elements of a tensor of T.
template <typename T>
const Stored<T>* stored(const Datum& tensor) {
  return reinterpret_cast<const Stored<T>*>(tensor.template as<T>().data());
}

}  // namespace escuta::ops
