// Floating-point types of 8 and 4 bits: FLOAT8E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ (arXiv:2209.05433
// and arXiv:2206.02915; ONNX documentation, "Float stored in 8 bits"), FLOAT8E8M0 and FLOAT4E2M1
// (OCP Microscaling Formats 1.0).
//
// A code is an element's bits, in the low bits of a byte. Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>

#include "tensor/dtype.h"

namespace escuta {

// Whether dtype is one of the six types.
bool is_small_float(DType dtype);

// The value of each code: 256 of them, 16 for FLOAT4E2M1. dtype: one of the six.
const float* small_float_values(DType dtype);

// The code nearest to value, ties to the even code. What is too large in magnitude, infinity
// included, becomes the largest finite value where `saturate`, else infinity or NaN, whichever the
// type has. FLOAT4E2M1 has neither: it always saturates, and NaN becomes -0.
// dtype: one of the six but FLOAT8E8M0.
uint8_t to_small_float(DType dtype, double value, bool saturate);

enum class PowerRounding { kUp, kDown, kNearest };

// FLOAT8E8M0, powers of two from 2^-127 to 2^127: the sign is dropped; kNearest rounds ties up.
// What is beyond the range becomes its nearest end where `saturate`, else NaN.
uint8_t to_float8e8m0(double value, bool saturate, PowerRounding rounding);

// IEEE binary16 and bfloat16 from double, rounded once.
uint16_t double_to_half(double value);
uint16_t double_to_bfloat16(double value);

}  // namespace escuta
