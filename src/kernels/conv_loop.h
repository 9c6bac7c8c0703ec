// The loops of conv_patches.h.
#pragma once

#include "kernels/conv_patches.h"
#include "kernels/gemm_block_loop.h"

namespace escuta::kernels {
namespace {

static_assert(kNr<float> <= kMaxPanelColumns);

// The outputs 0 .. n - 1 along one row whose input, at i * stride + offset, is inside 0 .. size.
struct Inside {
  long begin, end;
};
ESCUTA_INLINE Inside inside(long n, long stride, long offset, long size) {
  long begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  long end = size > offset ? (size - offset + stride - 1) / stride : 0;
  if (end > n) end = n;
  if (begin > end) begin = end;
  return {begin, end};
}

// Output positions of one panel that lie in one row of the output.
struct Run {
  long at, count;  // columns of the panel
  long d, h, w;    // input position of the first, for the kernel's first tap
};

ESCUTA_INLINE void copy_run(const float* src, long stride, long n, float* dst) {
  if (stride == 1) {
    for (long i = 0; i < n; ++i) dst[i] = src[i];
  } else if (stride == 2) {
    for (long i = 0; i < n; ++i) dst[i] = src[2 * i];
  } else {
    for (long i = 0; i < n; ++i) dst[i] = src[i * stride];
  }
}

int runs_of_panel(const PatchPlan& plan, long first, long count, Run* runs) {
  const long *out = plan.output, *stride = plan.stride;
  int n = 0;
  for (long at = 0; at < count; ++n) {
    const long position = first + at, w = position % out[2], h = position / out[2] % out[1];
    const long left = out[2] - w, d = position / out[2] / out[1];
    Run& run = runs[n];
    run.at = at;
    run.count = left < count - at ? left : count - at;
    run.d = d * stride[0] - plan.pad_begin[0];
    run.h = h * stride[1] - plan.pad_begin[1];
    run.w = w * stride[2] - plan.pad_begin[2];
    at += run.count;
  }
  return n;
}

// One row of the panel: the plane's values under tap (kd, kh, kw).
ESCUTA_INLINE void pack_tap(const PatchPlan& plan, const float* plane, const Run* runs, int count,
                            long kd, long kh, long kw, float* dst) {
  const long* in = plan.input;
  for (int r = 0; r < count; ++r) {
    const long d = runs[r].d + kd * plan.dilation[0], h = runs[r].h + kh * plan.dilation[1];
    if (d < 0 || d >= in[0] || h < 0 || h >= in[1]) continue;
    const long w = runs[r].w + kw * plan.dilation[2];
    const Inside range = inside(runs[r].count, plan.stride[2], w, in[2]);
    const float* row = plane + (d * in[1] + h) * in[2];
    if (range.begin == range.end) continue;
    copy_run(row + (w + range.begin * plan.stride[2]), plan.stride[2], range.end - range.begin,
             dst + runs[r].at + range.begin);
  }
}

void pack_patches(const PatchPlan& plan, long first, long count, float* dst) {
  Run runs[kMaxPanelColumns];
  const int n = runs_of_panel(plan, first, count, runs);
  const long size = plan.input[0] * plan.input[1] * plan.input[2];
  for (long c = 0; c < plan.channels; ++c) {
    const float* plane = plan.src + c * size;
    for (long kd = 0; kd < plan.kernel[0]; ++kd) {
      for (long kh = 0; kh < plan.kernel[1]; ++kh) {
        for (long kw = 0; kw < plan.kernel[2]; ++kw, dst += kNr<float>) {
          for (int v = 0; v < kNrVectors; ++v) store(F32{}, dst + v * kLanesF32);
          pack_tap(plan, plane, runs, n, kd, kh, kw, dst);
        }
      }
    }
  }
}

// dst[i] += weight * src[i * stride].
ESCUTA_INLINE void add_tap(const float* src, long stride, float weight, long n, float* dst) {
  if (stride == 1) {
    long i = 0;
    for (; i + kLanesF32 <= n; i += kLanesF32) {
      store(load(dst + i) + weight * load(src + i), dst + i);
    }
    for (; i < n; ++i) dst[i] += weight * src[i];
  } else {
    for (long i = 0; i < n; ++i) dst[i] += weight * src[i * stride];
  }
}

// A row of the output at a time, which stays in L1 while every tap is added to it.
void depthwise(const PatchPlan& plan, const float* weight, float bias, Activation activation,
               float* dst) {
  const long *in = plan.input, *out = plan.output, *kernel = plan.kernel;
  const long rows = out[0] * out[1];
  for (long row = 0; row < rows; ++row, dst += out[2]) {
    for (long i = 0; i < out[2]; ++i) dst[i] = bias;
    const float* tap = weight;
    for (long kd = 0; kd < kernel[0]; ++kd) {
      for (long kh = 0; kh < kernel[1]; ++kh, tap += kernel[2]) {
        const long d = row / out[1] * plan.stride[0] - plan.pad_begin[0] + kd * plan.dilation[0];
        const long h = row % out[1] * plan.stride[1] - plan.pad_begin[1] + kh * plan.dilation[1];
        if (d < 0 || d >= in[0] || h < 0 || h >= in[1]) continue;
        const float* src = plan.src + (d * in[1] + h) * in[2];
        for (long kw = 0; kw < kernel[2]; ++kw) {
          const long w = kw * plan.dilation[2] - plan.pad_begin[2];
          const Inside range = inside(out[2], plan.stride[2], w, in[2]);
          if (range.begin == range.end) continue;
          add_tap(src + (w + range.begin * plan.stride[2]), plan.stride[2], tap[kw],
                  range.end - range.begin, dst + range.begin);
        }
      }
    }
    if (activation == Activation::kNone) continue;
    for (long i = 0; i < out[2]; i += kLanesF32) {
      store_up_to(activate(load_up_to(dst + i, out[2] - i), activation), dst + i, out[2] - i);
    }
  }
}

constexpr ConvLoops kConvLoops = {.pack_patches = pack_patches, .depthwise = depthwise};

}  // namespace
}  // namespace escuta::kernels
