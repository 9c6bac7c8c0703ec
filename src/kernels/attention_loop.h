// The loop of attention_rows.h.
#pragma once

#include "kernels/attention_rows.h"
#include "kernels/rows_loop.h"

namespace escuta::kernels {
namespace {

float weigh_row(float* scores, const float* mask, long n) {
  F32 most[4];
  for (F32& m : most) m = splat_f32(-kInfinity);
  long i = 0;
  if (mask == nullptr) {
    for (; i + 4 * kLanesF32 <= n; i += 4 * kLanesF32) {
      for (int j = 0; j < 4; ++j) most[j] = max(most[j], load(scores + i + j * kLanesF32));
    }
  }
  for (; i < n; i += kLanesF32) {
    const F32 x = masked(scores, mask, 1, i, n);
    most[0] = max(most[0], x);
    if (mask != nullptr) store_up_to(x, scores + i, n - i);
  }
  const float top = max_of(max(max(most[0], most[1]), max(most[2], most[3])));
  if (top == -kInfinity) {
    for (i = 0; i < n; ++i) scores[i] = 0;
    return 0;
  }
  F32 sum[2] = {};
  for (i = 0; i + 2 * kLanesF32 <= n; i += 2 * kLanesF32) {
    for (int j = 0; j < 2; ++j) {
      const F32 e = exp(load(scores + i + j * kLanesF32) - top);
      store(e, scores + i + j * kLanesF32);
      sum[j] += e;
    }
  }
  for (; i < n; i += kLanesF32) {
    const F32 e = exp(masked(scores, nullptr, 1, i, n) - top);
    store_up_to(e, scores + i, n - i);
    sum[0] += e;
  }
  return 1.0f / sum_of(sum[0] + sum[1]);
}

void attention_rows(const AttentionRows& plan) {
  for (long r = 0; r < plan.rows; ++r) {
    long n = plan.first_limit + r * plan.limit_step;
    n = n < 0 ? 0 : n > plan.cols ? plan.cols : n;
    float* scores = plan.scores + r * plan.stride;
    const float* mask = plan.mask == nullptr ? nullptr : plan.mask + r * plan.mask_stride;
    plan.inverse[r] = n == 0 ? 0.0f : weigh_row(scores, mask, n);
    for (long i = n; i < plan.cols; ++i) scores[i] = 0;
  }
}

}  // namespace
}  // namespace escuta::kernels
