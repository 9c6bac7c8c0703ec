// DecoderMaskedMultiHeadAttention (com.microsoft 1): MultiHeadAttention of one query per item,
// whose items may be beams that share cached rows. The cache is laid out [B, N, length, H], as with
// MultiHeadAttention.
#include "ops/microsoft/multi_head.h"

namespace escuta::ops {
namespace {

constexpr MultiHeadInputs kInputs = {.bias = 10,
                                     .mask = 3,
                                     .attention_bias = 4,
                                     .past_key = 5,
                                     .past_value = 6,
                                     .past_length = 7,
                                     .beams = 9};

struct DecoderMaskedMultiHeadAttention final : MultiHead {
  explicit DecoderMaskedMultiHeadAttention(const NodeInfo& node) : MultiHead(node, kInputs) {}
};

}  // namespace

extern const Operator kMsDecoderMaskedMultiHeadAttention = {
    .domain = "com.microsoft",
    .name = "DecoderMaskedMultiHeadAttention",
    .versions = {1},
    .inputs = {1, 11},
    .outputs = {1, 4},
    .infer = [](Inference& node) { infer_multi_head(node, kInputs); },
    .create = make<DecoderMaskedMultiHeadAttention>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
