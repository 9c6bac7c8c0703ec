#include "tensor/float8.h"

#include <bit>
#include <cmath>

namespace escuta {
namespace {

enum class Special {
  kIeee,         // the largest exponent has infinity and NaN
  kOnlyNan,      // all ones is NaN; no infinity ("FN")
  kNegativeNan,  // -0 stands for NaN; no infinity ("FNUZ")
  kNone,
};

// A format of sign, exponent and mantissa.
struct Format {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  Special special;

  constexpr unsigned sign() const { return 1u << (exponent_bits + mantissa_bits); }
  // The code of the largest finite value.
  constexpr unsigned largest() const {
    const unsigned ones = sign() - 1;
    switch (special) {
      case Special::kIeee:
        return ones - (1u << mantissa_bits);
      case Special::kOnlyNan:
        return ones - 1;
      default:
        return ones;
    }
  }
};

constexpr Format kE4M3FN = {4, 3, 7, Special::kOnlyNan};
constexpr Format kE4M3FNUZ = {4, 3, 8, Special::kNegativeNan};
constexpr Format kE5M2 = {5, 2, 15, Special::kIeee};
constexpr Format kE5M2FNUZ = {5, 2, 16, Special::kNegativeNan};
constexpr Format kE2M1 = {2, 1, 1, Special::kNone};
constexpr Format kHalf = {5, 10, 15, Special::kIeee};
constexpr Format kBfloat16 = {8, 7, 127, Special::kIeee};

constexpr float kNan = std::bit_cast<float>(0x7fc00000u);
constexpr float kInfinity = std::bit_cast<float>(0x7f800000u);

constexpr float decode(const Format& f, unsigned code) {
  const unsigned magnitude = code & (f.sign() - 1);
  const bool negative = (code & f.sign()) != 0;
  if (f.special == Special::kNegativeNan && code == f.sign()) return kNan;
  if (magnitude > f.largest()) {
    const bool infinite = f.special == Special::kIeee && magnitude == f.largest() + 1;
    return infinite ? (negative ? -kInfinity : kInfinity) : kNan;
  }
  const int exponent = static_cast<int>(magnitude >> f.mantissa_bits);
  unsigned mantissa = magnitude & ((1u << f.mantissa_bits) - 1);
  if (exponent > 0) mantissa |= 1u << f.mantissa_bits;
  const int power = (exponent > 0 ? exponent : 1) - f.bias - f.mantissa_bits;
  const float unit = std::bit_cast<float>(static_cast<uint32_t>(power + 127) << 23);
  const float value = static_cast<float>(mantissa) * unit;
  return negative ? -value : value;
}

template <size_t count>
constexpr std::array<float, count> decode_all(const Format& format) {
  std::array<float, count> values{};
  for (size_t i = 0; i < count; ++i) values[i] = decode(format, static_cast<unsigned>(i));
  return values;
}

constexpr std::array<float, 256> decode_powers() {
  std::array<float, 256> values{};
  values[0] = std::bit_cast<float>(0x00400000u);  // 2^-127, subnormal
  for (uint32_t i = 1; i < 255; ++i) values[i] = std::bit_cast<float>(i << 23);
  values[255] = kNan;
  return values;
}

constexpr auto kValuesE4M3FN = decode_all<256>(kE4M3FN);
constexpr auto kValuesE4M3FNUZ = decode_all<256>(kE4M3FNUZ);
constexpr auto kValuesE5M2 = decode_all<256>(kE5M2);
constexpr auto kValuesE5M2FNUZ = decode_all<256>(kE5M2FNUZ);
constexpr auto kValuesE8M0 = decode_powers();
constexpr auto kValuesE2M1 = decode_all<16>(kE2M1);

constexpr uint64_t kMantissa = (uint64_t{1} << 52) - 1;

// magnitude / 2^shift, ties to even.
constexpr uint64_t shift_rounded(uint64_t magnitude, int shift) {
  const uint64_t floor = magnitude >> shift;
  const uint64_t rest = magnitude & ((uint64_t{1} << shift) - 1);
  const uint64_t half = uint64_t{1} << (shift - 1);
  return floor + (rest > half || (rest == half && (floor & 1)) ? 1 : 0);
}

unsigned encode_nan(const Format& f, unsigned sign) {
  switch (f.special) {
    case Special::kIeee:  // quiet
      return sign | (f.largest() + 1) | (1u << (f.mantissa_bits - 1));
    case Special::kOnlyNan:
      return sign | (f.largest() + 1);
    default:
      return f.sign();
  }
}

unsigned encode(const Format& f, double value, bool saturate) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const unsigned sign = (bits >> 63) != 0 ? f.sign() : 0;
  if (std::isnan(value)) return encode_nan(f, sign);
  const int exponent = static_cast<int>((bits >> 52) & 0x7ff) - 1023;
  uint64_t code = f.largest() + 1;
  const int least = 1 - f.bias;  // the exponent of the smallest normal value
  if (exponent <= (1 << f.exponent_bits) - f.bias) {
    // Units of the last place: below `least` they no longer shrink with the exponent.
    const int shift = 52 - f.mantissa_bits + (exponent < least ? least - exponent : 0);
    const uint64_t units =
        shift > 54 ? 0 : shift_rounded((bits & kMantissa) | (kMantissa + 1), shift);
    // The mantissa's leading one adds 1 to the exponent of normal values; a carry does so too.
    code = units;
    if (exponent > least) code += static_cast<uint64_t>(exponent - least) << f.mantissa_bits;
  }
  if (code > f.largest()) {
    if (saturate || f.special == Special::kNone) return sign | f.largest();
    return f.special == Special::kIeee ? sign | (f.largest() + 1) : encode_nan(f, sign);
  }
  if (code == 0 && f.special == Special::kNegativeNan) return 0;  // there is no -0
  return sign | static_cast<unsigned>(code);
}

}  // namespace

bool is_small_float(DType dtype) {
  return (dtype >= DType::kFloat8E4M3FN && dtype <= DType::kFloat8E5M2FNUZ) ||
         dtype == DType::kFloat4E2M1 || dtype == DType::kFloat8E8M0;
}

const float* small_float_values(DType dtype) {
  switch (dtype) {
    case DType::kFloat8E4M3FN:
      return kValuesE4M3FN.data();
    case DType::kFloat8E4M3FNUZ:
      return kValuesE4M3FNUZ.data();
    case DType::kFloat8E5M2:
      return kValuesE5M2.data();
    case DType::kFloat8E5M2FNUZ:
      return kValuesE5M2FNUZ.data();
    case DType::kFloat8E8M0:
      return kValuesE8M0.data();
    default:
      return kValuesE2M1.data();
  }
}

uint8_t to_small_float(DType dtype, double value, bool saturate) {
  const Format& format = dtype == DType::kFloat8E4M3FN     ? kE4M3FN
                         : dtype == DType::kFloat8E4M3FNUZ ? kE4M3FNUZ
                         : dtype == DType::kFloat8E5M2     ? kE5M2
                         : dtype == DType::kFloat8E5M2FNUZ ? kE5M2FNUZ
                                                           : kE2M1;
  return static_cast<uint8_t>(encode(format, value, saturate));
}

uint8_t to_float8e8m0(double value, bool saturate, PowerRounding rounding) {
  constexpr uint8_t kNanCode = 255;
  constexpr int kMax = 254;
  if (std::isnan(value)) return kNanCode;
  const double magnitude = std::fabs(value);
  if (magnitude < 0x1p-127) return saturate ? 0 : kNanCode;
  if (std::isinf(magnitude)) return saturate ? kMax : kNanCode;
  const auto bits = std::bit_cast<uint64_t>(magnitude);
  int code = static_cast<int>(bits >> 52) - 1023 + 127;
  const uint64_t fraction = bits & kMantissa;
  if (rounding == PowerRounding::kUp && fraction != 0) ++code;
  if (rounding == PowerRounding::kNearest && fraction >= (kMantissa + 1) / 2) ++code;
  if (code > kMax) return saturate ? kMax : kNanCode;
  return static_cast<uint8_t>(code);
}

uint16_t double_to_half(double value) { return static_cast<uint16_t>(encode(kHalf, value, false)); }

uint16_t double_to_bfloat16(double value) {
  return static_cast<uint16_t>(encode(kBfloat16, value, false));
}

}  // namespace escuta
