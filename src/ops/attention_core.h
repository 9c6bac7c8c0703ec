// Scaled dot-product attention (Vaswani et al., 2017) as a plain loop: the part that all attention
// operators share. What differs among them (layouts, masks, caches) is strides and added terms.
//
// Any thread; allocates nothing. In f32 most plans run on kernels/attention.
#pragma once

#include <cstdint>

#include "ops/call.h"

namespace escuta::ops {

// dst = softmax(scores) V, where scores = scale * Q K^T with softcap and `added`, over the keys
// that a query sees. T: float or double.
template <typename T>
struct AttentionOf {
  int64_t batch = 1, heads = 1;
  int64_t kv_heads = 1;  // divides heads: head h reads K and V of h / (heads / kv_heads)
  int64_t queries = 0, keys = 0;
  int64_t head_size = 0, value_size = 0;

  // Row t of head h of item b is at b * batch + h * head + t * row; its elements are contiguous. So
  // [B, T, H, D] and [B, H, T, D] both fit, and parts of them; a step of 0 shares.
  struct Rows {
    int64_t batch = 0, head = 0, row = 0;
  };
  const T* q = nullptr;  // [batch, heads, queries, head_size]
  const T* k = nullptr;  // [batch, kv_heads, keys, head_size]
  const T* v = nullptr;  // [batch, kv_heads, keys, value_size]
  // Both instead of k and v: float16. For float only.
  const uint16_t* k_half = nullptr;
  const uint16_t* v_half = nullptr;
  T* dst = nullptr;  // [batch, heads, queries, value_size]
  Rows q_rows, k_rows, v_rows, dst_rows;

  T scale = 1;
  T softcap = 0;                 // not 0: scores = softcap * tanh(scores / softcap)
  bool softcap_is_last = false;  // after adding, not before

  // Added to the scores: [batch, heads, queries, keys], -infinity hides a key; or null.
  struct Added {
    const T* data = nullptr;
    Rows rows;
  };
  Added added[2];

  // Query i is at position causal_offset + i. It sees the keys up to its position, with
  // window >= 0 only the last `window` of those. A query that sees no key gives zeros.
  bool causal = false;
  int64_t causal_offset = 0;
  int64_t window = -1;

  // Further terms of softmax's denominator: exp(sinks[h]), one per head; or null.
  const T* sinks = nullptr;

  // Copies the scores of all keys out at some stage. From kAdded on, keys that a query does not see
  // have -infinity, after softmax 0.
  enum class Stage { kProduct, kSoftcap, kAdded, kSoftmax };
  T* scores = nullptr;  // [batch, heads, queries, keys], contiguous; or null
  Stage stage = Stage::kProduct;
};

// row: scratch of `keys` elements. ResourceExhausted.
template <typename T>
Status run_attention(Call& call, const AttentionOf<T>& attention, T* row);

}  // namespace escuta::ops
