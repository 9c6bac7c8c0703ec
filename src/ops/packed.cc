#include "ops/packed.h"

#include <algorithm>

namespace escuta::ops {

void unpack_bits(const std::byte* src, int64_t count, int bits, uint8_t* dst) {
  const int per_byte = 8 / bits;
  const unsigned mask = (1u << bits) - 1;
  for (int64_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned>(src[i / per_byte]);
    dst[i] = static_cast<uint8_t>((byte >> (i % per_byte * bits)) & mask);
  }
}

void pack_bits(const uint8_t* src, int64_t count, int bits, std::byte* dst) {
  const int per_byte = 8 / bits;
  const unsigned mask = (1u << bits) - 1;
  std::fill_n(dst, (count + per_byte - 1) / per_byte, std::byte{0});
  for (int64_t i = 0; i < count; ++i) {
    dst[i / per_byte] |= static_cast<std::byte>((src[i] & mask) << (i % per_byte * bits));
  }
}

Result<Datum> unpacked(const Datum& packed) {
  ASSIGN_OR_RETURN(Datum bytes, Datum::create(DType::kUint8, packed.shape()));
  unpack_bits(packed.bytes(), packed.count(), dtype_bits(packed.dtype()),
              bytes.mutable_data<uint8_t>());
  return bytes;
}

}  // namespace escuta::ops
