#include "ops/microsoft/multi_head.h"

namespace escuta::ops {
namespace {

constexpr MultiHeadInputs kInputs = {.bias = 3,
                                     .mask = 4,
                                     .attention_bias = 5,
                                     .past_key = 6,
                                     .past_value = 7,
                                     .past_length = 8,
                                     .beams = 9};

struct MultiHeadAttention final : MultiHead {
  explicit MultiHeadAttention(const NodeInfo& node) : MultiHead(node, kInputs) {}
};

}  // namespace

extern const Operator kMsMultiHeadAttention = {
    .domain = "com.microsoft",
    .name = "MultiHeadAttention",
    .versions = {1},
    .inputs = {1, 10},
    .outputs = {1, 4},
    .infer = [](Inference& node) { infer_multi_head(node, kInputs); },
    .create = make<MultiHeadAttention>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
