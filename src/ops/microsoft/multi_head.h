// MultiHeadAttention and DecoderMaskedMultiHeadAttention: attention over heads that are projected
// already, with a cache of keys and values. They differ in the order of their inputs.
#pragma once

#include "ops/microsoft/attention_parts.h"
#include "ops/operator.h"
#include "ops/shared_items.h"

namespace escuta::ops {

// The inputs after query, key and value.
struct MultiHeadInputs {
  size_t bias, mask, attention_bias, past_key, past_value, past_length, beams;
};

class MultiHead : public Kernel, public SharesItems {
 public:
  MultiHead(const NodeInfo& node, const MultiHeadInputs& inputs)
      : inputs_(inputs),
        attributes_(node),
        causal_(node.integer("unidirectional", 0) == 1),
        keys_are_whole_(node.rank(1) == 4 && node.output_count() == 1) {}
  Status run(Call& call) const override;
  bool takes_room(size_t input) const override {
    return input == inputs_.past_key || input == inputs_.past_value;
  }

  bool takes_fewer_items(size_t input) const override {
    return keys_are_whole_ && (input == 1 || input == 2);
  }

 private:
  // The heads that the first inputs hold, before the cache.
  struct Projected {
    int64_t batch = 0, head_size = 0, value_size = 0;
    int64_t sharing = 1;  // items of the query that read one item of keys and values
    Heads q, k, v;
    bool biased_keys = true;  // whether bias applies to keys and values
  };
  Result<Projected> read(Call& call) const;
  Status read_packed(Call& call, const float* q, Projected& in) const;
  Status read_keys(Call& call, Projected& in) const;
  bool is_alone(const Call& call) const;
  bool stays_half(const Call& call) const;
  void read_sharing(Call& call, Projected& in) const;
  Status add_biases(Call& call, Projected& in) const;
  Status read_cache(Call& call, const Projected& in, CachedHeads& keys, CachedHeads& values) const;
  Result<Heads> cached(Call& call, size_t past, size_t output, const CachedHeads& cache) const;

  MultiHeadInputs inputs_;
  AttentionAttributes attributes_;
  bool causal_;
  bool keys_are_whole_;  // key and value [B, N, L, H], and nothing is appended to them
};

void infer_multi_head(Inference& node, const MultiHeadInputs& inputs);

}  // namespace escuta::ops
