// Elements under 8 bits, stored packed, lowest bits first (onnx.proto, TensorProto.raw_data), as
// one byte each and back: for operators that move such elements or compute with them.
#pragma once

#include "tensor/datum.h"

namespace escuta::ops {

inline bool is_packed(DType dtype) { return dtype_bits(dtype) > 0 && dtype_bits(dtype) < 8; }

// dst[i]: the bits of element i, not sign-extended. src: `count` elements of `bits` bits each.
void unpack_bits(const std::byte* src, int64_t count, int bits, uint8_t* dst);
// dst: (count * bits + 7) / 8 bytes; bits beyond the last element are 0.
void pack_bits(const uint8_t* src, int64_t count, int bits, std::byte* dst);

// A uint8 tensor of the same shape with the bits of each element. ResourceExhausted.
Result<Datum> unpacked(const Datum& packed);

}  // namespace escuta::ops
