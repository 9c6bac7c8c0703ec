#include "ops/microsoft/projected_attention.h"

namespace escuta::ops {
namespace {

constexpr SelfAttention::Inputs kInputs = {
    .mask = 3, .past = 4, .attention_bias = 5, .past_length = 6, .beams = kNoInput};

struct AttentionKernel final : ProjectedAttention {
  explicit AttentionKernel(const NodeInfo& node) : ProjectedAttention(node, kInputs) {}
};

}  // namespace

extern const Operator kMsAttention = {.domain = "com.microsoft",
                                      .name = "Attention",
                                      .versions = {1},
                                      .inputs = {2, 7},
                                      .outputs = {1, 2},
                                      .infer =
                                          [](Inference& node) {
                                            infer_self_attention(node, node.dtype(0), kInputs.past,
                                                                 kInputs.past_length);
                                          },
                                      .create = make<AttentionKernel>,
                                      .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
