// The loops of rows.h.
#pragma once

#include "kernels/math_f32.h"
#include "kernels/rows.h"
#include "kernels/simd/f32.h"

namespace escuta::kernels {
namespace {

// x of SoftmaxRows at i, the lanes beyond n at -inf.
ESCUTA_INLINE F32 masked(const float* src, const float* mask, float scale, long i, long n) {
  F32 x = load_up_to(src + i, n - i) * scale;
  if (mask != nullptr) x += load_up_to(mask + i, n - i);
  if (n - i < kLanesF32) {
    float lanes[kLanesF32];
    store(x, lanes);
    for (long j = n - i; j < kLanesF32; ++j) lanes[j] = -kInfinity;
    x = load(lanes);
  }
  return x;
}

void softmax_row(const SoftmaxRows& plan, const float* src, const float* mask, float* dst) {
  const long n = plan.cols;
  F32 most[2] = {splat_f32(-kInfinity), splat_f32(-kInfinity)};
  for (long i = 0, j = 0; i < n; i += kLanesF32, j ^= 1) {
    const F32 x = masked(src, mask, plan.scale, i, n);
    most[j] = max(most[j], x);  // NaN of x wins, and then is lost again: the sum brings it back
    store_up_to(x, dst + i, n - i);
  }
  const float top = max_of(max(most[0], most[1]));
  F32 sum[2] = {};
  for (long i = 0, j = 0; i < n; i += kLanesF32, j ^= 1) {
    const F32 e = exp(masked(dst, nullptr, 1, i, n) - top);
    sum[j] += e;
    if (!plan.log) store_up_to(e, dst + i, n - i);
  }
  const float total = sum_of(sum[0] + sum[1]);
  if (plan.log) {
    const float shift = top + log(splat_f32(total))[0];
    for (long i = 0; i < n; i += kLanesF32) {
      store_up_to(load_up_to(dst + i, n - i) - shift, dst + i, n - i);
    }
    return;
  }
  const float factor = 1.0f / total;
  for (long i = 0; i < n; i += kLanesF32) {
    store_up_to(load_up_to(dst + i, n - i) * factor, dst + i, n - i);
  }
}

void softmax_rows(const SoftmaxRows& plan) {
  for (long r = 0; r < plan.rows; ++r) {
    const float* mask = plan.mask == nullptr ? nullptr : plan.mask + r * plan.mask_stride;
    softmax_row(plan, plan.src + r * plan.src_stride, mask, plan.dst + r * plan.dst_stride);
  }
}

// x = src + skip + skip_bias into dst and plan.sum; returns its sum.
inline float gather_row(const NormRows& plan, long r, float* dst) {
  const long n = plan.cols;
  const float* src = plan.src + r * plan.src_stride;
  const float* skip = plan.skip == nullptr ? nullptr : plan.skip + r * plan.skip_stride;
  float* kept = plan.sum == nullptr ? nullptr : plan.sum + r * plan.sum_stride;
  F32 sum[2] = {};
  for (long i = 0, j = 0; i < n; i += kLanesF32, j ^= 1) {
    F32 x = load_up_to(src + i, n - i);
    if (skip != nullptr) x += load_up_to(skip + i, n - i);
    if (plan.skip_bias != nullptr) x += load_up_to(plan.skip_bias + i, n - i);
    if (kept != nullptr) store_up_to(x, kept + i, n - i);
    store_up_to(x, dst + i, n - i);
    sum[j] += x;
  }
  return sum_of(sum[0] + sum[1]);
}

void norm_rows(const NormRows& plan) {
  const long n = plan.cols;
  for (long r = 0; r < plan.rows; ++r) {
    float* dst = plan.dst + r * plan.dst_stride;
    const float total = gather_row(plan, r, dst);
    const float mean = plan.rms ? 0.0f : total / (float)n;
    F32 squares[2] = {};
    for (long i = 0, j = 0; i < n; i += kLanesF32, j ^= 1) {
      const F32 d = load_up_to(dst + i, n - i) - mean;
      squares[j] += n - i < kLanesF32 ? F32{} : d * d;
      if (n - i < kLanesF32) {
        for (long lane = 0; lane < n - i; ++lane) squares[j][lane] += d[lane] * d[lane];
      }
    }
    const float variance = sum_of(squares[0] + squares[1]) / (float)n;
    const float factor = 1.0f / __builtin_sqrtf(variance + plan.epsilon);
    for (long i = 0; i < n; i += kLanesF32) {
      F32 y = (load_up_to(dst + i, n - i) - mean) * factor;
      if (plan.gain != nullptr) y *= load_up_to(plan.gain + i, n - i);
      if (plan.bias != nullptr) y += load_up_to(plan.bias + i, n - i);
      store_up_to(y, dst + i, n - i);
    }
    if (plan.mean != nullptr) plan.mean[r] = mean;
    if (plan.inverse_std != nullptr) plan.inverse_std[r] = factor;
  }
}

}  // namespace
}  // namespace escuta::kernels
