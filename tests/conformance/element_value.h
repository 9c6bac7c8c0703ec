// An element of any numeric type as a number that C++ computes with: the definitions of ONNX's
// small types, written down a second time, so that the engine's own casts are not compared with
// themselves.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace escuta::conformance {

// Wide enough for every 64-bit integer.
using Real = long double;

// Element `index` of packed elements of a type that is not kString or kUndefined.
std::complex<Real> element_value(DType dtype, const std::byte* data, int64_t index);

}  // namespace escuta::conformance
