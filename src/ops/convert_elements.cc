#include "ops/convert_elements.h"

#include "ops/dispatch.h"
#include "ops/packed.h"
#include "ops/stored.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

using Plain = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t, uint8_t,
                    uint16_t, uint32_t, uint64_t, bool>;

bool is_signed_packed(DType dtype) { return dtype == DType::kInt4 || dtype == DType::kInt2; }

// The bits of element i of a type under 8 bits.
unsigned packed_code(const std::byte* src, int64_t i, int bits) {
  const int per_byte = 8 / bits;
  const auto byte = static_cast<unsigned>(src[i / per_byte]);
  return (byte >> (i % per_byte * bits)) & ((1u << bits) - 1);
}

template <typename T, typename S>
T convert(S value) {
  if constexpr (std::is_integral_v<T> && std::is_floating_point_v<S>) {
    return saturating_cast<T>(value);
  } else {
    return static_cast<T>(value);
  }
}

template <typename T>
void load_packed_integers(DType dtype, const std::byte* src, int64_t at, int64_t count, T* dst) {
  const int bits = dtype_bits(dtype);
  // Flipping the sign bit and taking it off again extends it.
  const int sign = is_signed_packed(dtype) ? 1 << (bits - 1) : 0;
  for (int64_t i = 0; i < count; ++i) {
    const int code = static_cast<int>(packed_code(src, at + i, bits));
    dst[i] = static_cast<T>((code ^ sign) - sign);
  }
}

template <typename T>
void load_small_floats(DType dtype, const std::byte* src, int64_t at, int64_t count, T* dst) {
  const float* values = small_float_values(dtype);
  const int bits = dtype_bits(dtype);
  for (int64_t i = 0; i < count; ++i) {
    const unsigned code =
        bits == 8 ? static_cast<unsigned>(src[at + i]) : packed_code(src, at + i, bits);
    dst[i] = convert<T>(values[code]);
  }
}

// What store_elements says of integers and bool.
template <typename D, typename S>
D narrow(S value) {
  if constexpr (std::is_same_v<D, bool>) {
    return value != 0;
  } else if constexpr (std::is_same_v<D, Float16>) {
    if constexpr (std::is_same_v<S, float>) return Float16(value);
    Float16 half;
    half.bits = double_to_half(static_cast<double>(value));
    return half;
  } else if constexpr (std::is_same_v<D, BFloat16>) {
    if constexpr (std::is_same_v<S, float>) return BFloat16(value);
    BFloat16 half;
    half.bits = double_to_bfloat16(static_cast<double>(value));
    return half;
  } else if constexpr (std::is_floating_point_v<D> || std::is_integral_v<S>) {
    return static_cast<D>(value);
  } else if constexpr (std::is_same_v<D, int32_t>) {
    return saturating_cast<int32_t>(value);
  } else if constexpr (std::is_same_v<D, uint64_t>) {
    if (value > 0) return saturating_cast<uint64_t>(value);
    return static_cast<uint64_t>(saturating_cast<int64_t>(value));
  } else {
    return static_cast<D>(saturating_cast<int64_t>(value));
  }
}

template <typename T>
uint8_t narrow_code(DType dtype, T value, const Narrowing& narrowing) {
  if (dtype == DType::kFloat8E8M0) {
    return to_float8e8m0(static_cast<double>(value), narrowing.saturate, narrowing.rounding);
  }
  if (is_small_float(dtype)) {
    return to_small_float(dtype, static_cast<double>(value), narrowing.saturate);
  }
  return static_cast<uint8_t>(narrow<int8_t>(value));
}

template <typename T>
void store_packed(const T* src, int64_t count, DType dtype, std::byte* dst, int64_t at,
                  const Narrowing& narrowing) {
  const int bits = dtype_bits(dtype);
  const int per_byte = 8 / bits;
  const unsigned mask = (1u << bits) - 1;
  dst += at / per_byte;
  for (int64_t i = 0; i < count; i += per_byte) {
    unsigned byte = 0;
    for (int j = 0; j < per_byte && i + j < count; ++j) {
      byte |= (narrow_code(dtype, src[i + j], narrowing) & mask) << (j * bits);
    }
    dst[i / per_byte] = static_cast<std::byte>(byte);
  }
}

}  // namespace

bool is_integer(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kInt2:
    case DType::kInt4:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kUint2:
    case DType::kUint4:
    case DType::kUint8:
    case DType::kUint16:
    case DType::kUint32:
    case DType::kUint64:
      return true;
    default:
      return false;
  }
}

bool is_numeric(DType dtype) {
  return dtype_bits(dtype) > 0 && dtype != DType::kComplex64 && dtype != DType::kComplex128;
}

template <typename T>
Status load_elements(DType dtype, const std::byte* src, int64_t at, int64_t count, T* dst) {
  if (is_small_float(dtype)) {
    load_small_floats(dtype, src, at, count, dst);
    return {};
  }
  if (is_packed(dtype)) {
    load_packed_integers(dtype, src, at, count, dst);
    return {};
  }
  return dispatch(Plain{}, dtype, [&](auto tag) -> Status {
    using S = decltype(tag);
    const auto* from = reinterpret_cast<const Stored<S>*>(src) + at;
    for (int64_t i = 0; i < count; ++i) dst[i] = convert<T>(static_cast<Wide<S>>(from[i]));
    return {};
  });
}

template <typename T>
Status store_elements(const T* src, int64_t count, DType dtype, std::byte* dst, int64_t at,
                      const Narrowing& narrowing) {
  if (is_packed(dtype)) {
    store_packed(src, count, dtype, dst, at, narrowing);
    return {};
  }
  if (is_small_float(dtype)) {
    for (int64_t i = 0; i < count; ++i) {
      dst[at + i] = static_cast<std::byte>(narrow_code(dtype, src[i], narrowing));
    }
    return {};
  }
  return dispatch(Plain{}, dtype, [&](auto tag) -> Status {
    using D = decltype(tag);
    D* to = reinterpret_cast<D*>(dst) + at;
    for (int64_t i = 0; i < count; ++i) to[i] = narrow<D>(src[i]);
    return {};
  });
}

template Status load_elements(DType, const std::byte*, int64_t, int64_t, float*);
template Status load_elements(DType, const std::byte*, int64_t, int64_t, double*);
template Status load_elements(DType, const std::byte*, int64_t, int64_t, int64_t*);
template Status load_elements(DType, const std::byte*, int64_t, int64_t, uint64_t*);
template Status store_elements(const float*, int64_t, DType, std::byte*, int64_t, const Narrowing&);
template Status store_elements(const double*, int64_t, DType, std::byte*, int64_t,
                               const Narrowing&);
template Status store_elements(const int64_t*, int64_t, DType, std::byte*, int64_t,
                               const Narrowing&);
template Status store_elements(const uint64_t*, int64_t, DType, std::byte*, int64_t,
                               const Narrowing&);

}  // namespace escuta::ops
