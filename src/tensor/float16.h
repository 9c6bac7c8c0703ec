// IEEE 754 binary16 <-> binary32, exact in the widening direction, round-to-nearest-even in the
// other; NaN stays NaN, overflow becomes infinity.
#pragma once

#include <cstdint>
#include <span>

namespace escuta {

float half_to_float(uint16_t half);
uint16_t float_to_half(float value);

// src and dst have the same length.
void half_to_float(std::span<const uint16_t> src, std::span<float> dst);
void float_to_half(std::span<const float> src, std::span<uint16_t> dst);

}  // namespace escuta
