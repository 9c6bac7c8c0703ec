// From an element type known at run time to a C++ type known at compile time.
#pragma once

#include <type_traits>

#include "base/status.h"
#include "tensor/element.h"

namespace escuta::ops {

template <typename... Ts>
struct Types {};

using Floats = Types<float, double, Float16, BFloat16>;
using SignedInts = Types<int8_t, int16_t, int32_t, int64_t>;
using UnsignedInts = Types<uint8_t, uint16_t, uint32_t, uint64_t>;
using Ints = Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
using Numbers = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t, uint8_t,
                      uint16_t, uint32_t, uint64_t>;

// Calls function(T{}) with the T among the types that dtype stands for, and returns its Status;
// Unimplemented when there is none. The argument only carries its type.
template <typename... Ts, typename F>
Status dispatch(Types<Ts...>, DType dtype, F&& function) {
  Status status;
  const bool found = ((dtype == dtype_of<Ts>() ? (status = function(Ts{}), true) : false) || ...);
  if (!found) return unimplemented("element type {} is not supported here", dtype_name(dtype));
  return status;
}

// For operators that move elements and do not look at them: T has the size of an element (bits are
// carried by unsigned integers and, for 16 bytes, Complex128), std::string for strings.
// Unimplemented for types under 8 bits: unpack them first (packed.h).
template <typename F>
Status dispatch_by_size(DType dtype, F&& function) {
  if (dtype == DType::kString) return function(std::string{});
  switch (dtype_bits(dtype)) {
    case 8:
      return function(uint8_t{});
    case 16:
      return function(uint16_t{});
    case 32:
      return function(uint32_t{});
    case 64:
      return function(uint64_t{});
    case 128:
      return function(Complex128{});
    default:
      return unimplemented("element type {} is not supported here", dtype_name(dtype));
  }
}

}  // namespace escuta::ops
