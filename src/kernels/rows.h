// Loops over the rows of a matrix: softmax and normalisations. Members of
// KernelTable, `kernels().softmax_rows(plan)`.
//
// Any thread, no scratch, one thread each: give each thread some of the rows. Matrices are
// [rows, cols], row-major, *_stride elements from a row to the next; dst may be src. No std here:
// simd/simd.h says why.
#pragma once

namespace escuta::kernels {

// dst = softmax(scale * src + mask) over each row; with `log`, its logarithm. Relative error about
// 2e-7 + 1e-7 * |x - max|. A row of nothing but -inf gives NaN, as the definition does.
struct SoftmaxRows {
  long rows = 0, cols = 0;
  const float* src = nullptr;
  long src_stride = 0;
  const float* mask = nullptr;  // or null
  long mask_stride = 0;         // 0: one row for all
  float scale = 1;
  bool log = false;
  float* dst = nullptr;
  long dst_stride = 0;
};
using SoftmaxKernel = void(const SoftmaxRows& plan);

// x = src + skip + skip_bias; dst = (x - mean(x)) / sqrt(var(x) + epsilon) * gain + bias over each
// row, the variance in a second pass over x - mean. With `rms`, mean is 0 and var(x) is mean(x^2)
// (Zhang, Sennrich 2019). All but src and dst may be null.
struct NormRows {
  long rows = 0, cols = 0;
  const float* src = nullptr;
  long src_stride = 0;
  const float* skip = nullptr;  // [rows, cols]
  long skip_stride = 0;
  const float* skip_bias = nullptr;  // [cols]
  const float* gain = nullptr;       // [cols]; null: 1
  const float* bias = nullptr;       // [cols]; null: 0
  float epsilon = 1e-5f;
  bool rms = false;
  float* sum = nullptr;  // [rows, cols]: x
  long sum_stride = 0;
  float* dst = nullptr;
  long dst_stride = 0;
  float* mean = nullptr;         // [rows]; not with rms
  float* inverse_std = nullptr;  // [rows]: 1 / sqrt(var(x) + epsilon)
};
using NormKernel = void(const NormRows& plan);

}  // namespace escuta::kernels
