// DecoderMaskedSelfAttention (com.microsoft 1): Attention of one query per item, whose items may be
// beams that share cached rows. The cache is laid out [2, B, N, length, H], as with Attention.
#include "ops/microsoft/projected_attention.h"

namespace escuta::ops {
namespace {

constexpr SelfAttention::Inputs kInputs = {
    .mask = 3, .past = 4, .attention_bias = 5, .past_length = 6, .beams = 8};

struct DecoderMaskedSelfAttention final : ProjectedAttention {
  explicit DecoderMaskedSelfAttention(const NodeInfo& node) : ProjectedAttention(node, kInputs) {}
};

}  // namespace

extern const Operator kMsDecoderMaskedSelfAttention = {
    .domain = "com.microsoft",
    .name = "DecoderMaskedSelfAttention",
    .versions = {1},
    .inputs = {3, 9},
    .outputs = {2, 2},
    .infer =
        [](Inference& node) {
          infer_self_attention(node, node.dtype(0), kInputs.past, kInputs.past_length);
        },
    .create = make<DecoderMaskedSelfAttention>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
