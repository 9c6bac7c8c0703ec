// Floats to bytes and what range asks for which scale, on the threads of a call.
#pragma once

#include "ops/byte_quantization.h"
#include "ops/call.h"

namespace escuta::cpu {

// The scale and zero point (of uint8) of DynamicQuantizeLinear (ai.onnx 11).
ops::Quantizer quantizer_of(const ops::Call& call, const float* src, int64_t count);

// dst[i] = saturate(round(src[i] / scale) + zero), as int8 or uint8.
void quantize_bytes(const ops::Call& call, const float* src, int64_t count, float scale, int zero,
                    DType to, std::byte* dst);

}  // namespace escuta::cpu
