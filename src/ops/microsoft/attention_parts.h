// What the attention operators of com.microsoft share around the loop of attention_core.h: heads
// within tensors, caches of keys and values, masks of integers.
#pragma once

#include "ops/attention_core.h"
#include "ops/inference.h"
#include "ops/microsoft/inputs.h"

namespace escuta::ops {

using Attention = AttentionOf<float>;

// [batch, heads, length, size] somewhere in a tensor.
struct Heads {
  const float* data = nullptr;
  Attention::Rows rows;
  int64_t length = 0;
  const uint16_t* half = nullptr;  // float16 instead of data
};
// In [batch, length, width], where head h begins at h * size.
inline Heads heads_inside(const float* data, int64_t length, int64_t width, int64_t size) {
  return {data, {length * width, size, width}, length, nullptr};
}
// In [batch, heads, length, size].
inline Heads heads_outside(const float* data, int64_t heads, int64_t length, int64_t size) {
  return {data, {heads * length * size, length * size, size}, length, nullptr};
}

// Attributes that all have.
struct AttentionAttributes {
  explicit AttentionAttributes(const NodeInfo& node);
  float scale_for(int64_t head_size) const;

  int64_t heads;  // over 0
  float mask_value;
  float scale;  // 0: 1 / sqrt(head size)
};

// heads with bias [heads * size] added, in scratch. The same heads where bias is nullptr.
Result<Heads> add_bias(Call& call, const Heads& heads, int64_t batch, int64_t count, int64_t size,
                       const float* bias);

// A cache of keys or of values: `past` rows of a buffer, then new ones.
struct CachedHeads {
  Heads buffer;  // data is nullptr: nothing is cached
  int64_t past = 0;
  Heads fresh;
  int64_t batch = 0, heads = 0, size = 0;
  int64_t capacity = 0;  // rows of dst, at least past + fresh.length

  // dst [batch, heads, capacity, size]: the cache as it is afterwards. Rows that were never written
  // are 0.
  void join(float* dst) const;
};

// Which item of the batch a cached row is read from, for items that are beams: input `table`
// [items / beams, beams, capacity] says which beam; absent: from the item itself. Copies in
// scratch.
Result<const float*> follow_beams(Call& call, size_t table, const float* cache, int64_t batch,
                                  int64_t heads, int64_t past, int64_t capacity, int64_t size);

// What a mask input adds to the scores of `total` keys of which `past` are cached. Integers:
// [batch] lengths; [2 * batch] ends, then starts; [3 * batch + 2] lengths, then what is not needed;
// [batch, total], [batch, total - past] or [batch, queries, total] of 0: `value` is added, else
// nothing; [batch, 1, most, most], of which rows from `past` on count.
Result<Attention::Added> mask_term(Call& call, size_t input, int64_t batch, int64_t queries,
                                   int64_t past, int64_t total, float value);

// The input [batch or 1, heads or 1, queries or 1, total or more], added to the scores.
Result<Attention::Added> bias_term(Call& call, size_t input, int64_t batch, int64_t heads,
                                   int64_t queries, int64_t total);

// The integer in an input of one element; `absent` where there is none. InvalidArgument unless it
// is int32 or int64 and from 0 to `most`.
Result<int64_t> count_input(const Call& call, size_t input, int64_t absent, int64_t most);

}  // namespace escuta::ops
