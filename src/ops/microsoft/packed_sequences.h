// PackedAttention and PackedMultiHeadAttention: attention within sequences that are stored one
// after the other, without padding.
#pragma once

#include "ops/microsoft/attention_parts.h"

namespace escuta::ops {

struct PackedSequences {
  // Heads of all tokens: [1, heads, tokens, size].
  Heads q, k, v;
  int64_t tokens = 0, head_size = 0, value_size = 0;
  size_t offsets, ends, attention_bias;  // inputs; ends: cumulative_sequence_length

  // Output 0 [tokens, heads * value_size].
  Status run(Call& call, const AttentionAttributes& attributes) const;
};

}  // namespace escuta::ops
