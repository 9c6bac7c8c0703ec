// Scaled dot-product attention in f32: dst = softmax(scale * Q K^T + mask) V for each head, without
// ever storing the whole matrix of scores. Keys and values may be in float16: half the bytes to
// read, and the same results as from those numbers in f32. On the threads of thread_pool().
//
// Any thread; no allocation: scratch of attention_scratch_bytes(), aligned to 64, belongs to the
// call until it returns. A stripe of queries at a time: its scores fit in cache.
#pragma once

#include <cstddef>

#include "kernels/table.h"

namespace escuta::kernels {

// Row t of head h of item b of a tensor: base + b * batch_stride + h * head_stride + t *
// row_stride; its elements are contiguous. So [B, T, H, D] and [B, H, T, D] both fit, and parts of
// them.
struct HeadRows {
  long batch_stride = 0, head_stride = 0, row_stride = 0;
};

struct Attention {
  long batch = 1, heads = 1;
  long kv_heads = 1;  // divides heads: head h reads K and V of h / (heads / kv_heads)
  long queries = 0, keys = 0;
  long head_size = 0, value_size = 0;

  const float* q = nullptr;  // [batch, heads, queries, head_size]
  const float* k = nullptr;  // [batch, kv_heads, keys, head_size]
  const float* v = nullptr;  // [batch, kv_heads, keys, value_size]
  // Both instead of k and v: float16.
  const unsigned short* k_half = nullptr;
  const unsigned short* v_half = nullptr;
  float* dst = nullptr;  // [batch, heads, queries, value_size]
  HeadRows q_rows = {}, k_rows = {}, v_rows = {}, dst_rows = {};

  float scale = 1;
  const float* mask = nullptr;  // [batch, heads, queries, keys], added to the scores; or null
  HeadRows mask_rows = {};      // strides of 0 share
  // -inf in the mask hides a key, as does `causal`: query i sees keys 0 .. causal_offset + i only:
  // keys - queries where the last query is at the last key.
  bool causal = false;
  long causal_offset = 0;
};

size_t attention_scratch_bytes(const Attention& attention, int threads,
                               const KernelTable& table = kernels());
// A query from which all keys are hidden gives zeros.
void run_attention(const Attention& attention, void* scratch, int threads,
                   const KernelTable& table = kernels());

}  // namespace escuta::kernels
