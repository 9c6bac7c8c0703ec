#include "tensor/float16.h"

#include <bit>
#include <cstddef>

namespace escuta {

// Both directions work on the bit patterns: 5-bit exponent with bias 15, 10-bit mantissa.
float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  if (mantissa == 0) return std::bit_cast<float>(sign);
  // Subnormal: value = mantissa * 2^-24; normalise it.
  const int shift = std::countl_zero(mantissa) - 21;
  mantissa = (mantissa << shift) & 0x3ffu;
  return std::bit_cast<float>(sign | (static_cast<uint32_t>(113 - shift) << 23) | (mantissa << 13));
}

uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to infinity
  if (magnitude < 0x38800000u) {  // below the smallest normal half: count units of 2^-24
    const float units = std::bit_cast<float>(magnitude) * 16777216.0f;
    const auto floor = static_cast<uint32_t>(units);
    const float rest = units - static_cast<float>(floor);
    const uint32_t up = rest > 0.5f || (rest == 0.5f && (floor & 1u)) ? 1 : 0;
    return static_cast<uint16_t>(sign | (floor + up));
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

void half_to_float(std::span<const uint16_t> src, std::span<float> dst) {
  for (size_t i = 0; i < src.size(); ++i) dst[i] = half_to_float(src[i]);
}

void float_to_half(std::span<const float> src, std::span<uint16_t> dst) {
  for (size_t i = 0; i < src.size(); ++i) dst[i] = float_to_half(src[i]);
}

}  // namespace escuta
