// Attention, QAttention and DecoderMaskedSelfAttention once queries, keys and values are projected.
#pragma once

#include "ops/microsoft/attention_parts.h"
#include "ops/operator.h"

namespace escuta::ops {

constexpr size_t kNoInput = kAny;

class SelfAttention {
 public:
  // Which inputs hold what; kNoInput: none.
  struct Inputs {
    size_t mask, past, attention_bias, past_length, beams;
  };
  SelfAttention(const NodeInfo& node, const Inputs& inputs);

  // Widths of queries and keys (one number) and of values, from the attribute qkv_hidden_sizes or
  // thirds of `width`. InvalidArgument unless they are heads and add up.
  struct Widths {
    int64_t hidden, values;
  };
  Result<Widths> widths(int64_t width) const;

  // projected [batch, length, 2 * hidden + values], rotated in place where the attribute says so.
  // Output 0 [batch, length, values]; output 1, the cache, [2, batch, heads, rows, head size].
  Status run(Call& call, float* projected, const Widths& widths, int64_t batch, int64_t length,
             DType dtype) const;

 private:
  Status read_cache(Call& call, CachedHeads& keys, CachedHeads& values) const;
  void rotate_heads(float* heads, int64_t rows, int64_t length, int64_t width, int64_t past,
                    int64_t head_size) const;

  Inputs inputs_;
  AttentionAttributes attributes_;
  std::vector<int64_t> sizes_;  // qkv_hidden_sizes, three or none
  bool causal_;
  bool rotary_;
  int64_t rotary_size_;
};

// Input 0 [batch, length, _], input 1 [_, 2 * hidden + values].
void infer_self_attention(Inference& node, DType dtype, size_t past, size_t past_length);

}  // namespace escuta::ops
