#include "kernels/conv_rows.h"

#include <algorithm>

#include "kernels/gemm.h"
#include "kernels/table_entry.h"

namespace escuta::kernels {
namespace {

constexpr long kLine = 16;  // floats of a cache line

long round_up(long a, long b) { return (a + b - 1) / b * b; }
long volume(const long (&sizes)[3]) { return sizes[0] * sizes[1] * sizes[2]; }

Gemm product_of(const Conv& conv) {
  Gemm gemm;
  gemm.m = conv.batch * volume(conv.output);
  gemm.n = gemm.ldc = conv.out_channels;
  gemm.k = gemm.lda = conv.in_channels * volume(conv.kernel);
  gemm.packed_b = conv.packed_weight;
  gemm.bias = conv.bias;
  gemm.activation = conv.activation;
  return gemm;
}

// Scratch: patches, results, what the product needs.
struct Parts {
  long patches, results;  // floats
};
Parts parts_of(const Gemm& gemm) {
  return {round_up(gemm.m * gemm.k, kLine), round_up(gemm.m * gemm.n, kLine)};
}

// n floats, of which there are few: the compiler's own copy is a call.
inline void copy_few(const float* src, long n, float* dst) {
  for (long i = 0; i < n; ++i) dst[i] = src[i];
}

// One channel's taps along one row of the input, which has `size` elements, from element w on.
float* gather_row(const float* row, long size, long w, long taps, long dilation, float* dst) {
  if (dilation == 1) {
    const long before = std::clamp(-w, 0L, taps), end = std::clamp(size - w, before, taps);
    for (long i = 0; i < before; ++i) dst[i] = 0;
    if (end - before >= kLine) {
      std::copy_n(row + w + before, end - before, dst + before);
    } else if (end > before) {
      copy_few(row + w + before, end - before, dst + before);
    }
    for (long i = end; i < taps; ++i) dst[i] = 0;
    return dst + taps;
  }
  for (long i = 0; i < taps; ++i, w += dilation) *dst++ = w >= 0 && w < size ? row[w] : 0.0f;
  return dst;
}

// One channel's taps under the output position `at`.
float* gather(const Conv& conv, const float* plane, const long (&at)[3], float* dst) {
  for (long kd = 0; kd < conv.kernel[0]; ++kd) {
    for (long kh = 0; kh < conv.kernel[1]; ++kh) {
      const long d = at[0] + kd * conv.dilation[0], h = at[1] + kh * conv.dilation[1];
      const bool inside = d >= 0 && d < conv.input[0] && h >= 0 && h < conv.input[1];
      if (!inside) {
        dst = std::fill_n(dst, conv.kernel[2], 0.0f);
        continue;
      }
      const float* row = plane + (d * conv.input[1] + h) * conv.input[2];
      dst = gather_row(row, conv.input[2], at[2], conv.kernel[2], conv.dilation[2], dst);
    }
  }
  return dst;
}

void gather_all(const Conv& conv, float* dst) {
  const long size = volume(conv.input), positions = volume(conv.output);
  for (long image = 0; image < conv.batch; ++image) {
    const float* src = conv.src + image * conv.in_channels * size;
    for (long p = 0; p < positions; ++p) {
      const long out[3] = {p / conv.output[2] / conv.output[1], p / conv.output[2] % conv.output[1],
                           p % conv.output[2]};
      long at[3];
      for (int i = 0; i < 3; ++i) at[i] = out[i] * conv.stride[i] - conv.pad_begin[i];
      for (long c = 0; c < conv.in_channels; ++c) dst = gather(conv, src + c * size, at, dst);
    }
  }
}

}  // namespace

bool conv_rows_suits(const Conv& conv, const KernelTable& table) {
  return conv.groups == 1 && volume(conv.output) <= table.gemm_f32.nr / 4;
}

size_t conv_rows_scratch_bytes(const Conv& conv, int threads, const KernelTable& table) {
  const Gemm gemm = product_of(conv);
  const Parts parts = parts_of(gemm);
  return static_cast<size_t>(parts.patches + parts.results) * sizeof(float) +
         gemm_scratch_bytes(gemm, threads, table);
}

void run_conv_rows(const Conv& conv, void* scratch, int threads, const KernelTable& table) {
  Gemm gemm = product_of(conv);
  if (gemm.m == 0 || gemm.n == 0) return;
  const Parts parts = parts_of(gemm);
  auto* patches = static_cast<float*>(scratch);
  float* results = patches + parts.patches;
  gather_all(conv, patches);
  const long positions = volume(conv.output);
  gemm.a = patches;
  gemm.c = positions == 1 ? conv.dst : results;
  run_gemm(gemm, results + parts.results, threads, table);
  if (positions == 1) return;
  for (long image = 0; image < conv.batch; ++image) {
    const long at = image * positions * gemm.n;
    table.vector.transpose(results + at, gemm.n, positions, gemm.n, conv.dst + at, positions);
  }
}

}  // namespace escuta::kernels
