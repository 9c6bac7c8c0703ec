// The log-mel kernel's interface: bare pointers and sizes, no std (see simd/simd.h).
#pragma once

namespace escuta::kernels {

constexpr int kMaxFftStages = 16;

// What the kernel does, settled before the first call. Borrowed, read-only; any thread.
struct LogMelPlan {
  int n_fft;                 // even; n_fft / 2 = the product of the radices
  int hop_length;            // samples between frames
  int n_mels;                //
  const double* window;      // [n_fft]
  int stage_count;           // of the complex FFT of n_fft / 2 points
  int radix[kMaxFftStages];  // 2, 3, 4 or 5 each
  const double* twiddle;     // [n_fft / 2, 2] exp(-2 pi i k / (n_fft / 2)), real, imaginary
  const double* split;       // [n_fft / 4 + 1, 2] exp(-2 pi i k / n_fft)
  const int* mel_begin;      // [n_mels] first FFT bin of each filter
  const int* mel_end;        // [n_mels] one past its last
  const double* mel_weight;  // the filters' weights, mel_end - mel_begin of each in turn
  double power_floor;        // > 0
};

// Doubles of scratch that the kernel needs for `lanes` lanes.
constexpr long log_mel_scratch(const LogMelPlan& plan, int lanes) {
  const long points = plan.n_fft / 2;
  return (points * 4 + points + 1 + plan.n_mels) * lanes;
}

// src: frame t is src[t * hop_length .. + n_fft), f32. dst [frames, n_mels] f32:
// log10(max(mel power, power_floor)). A frame's result does not depend on its neighbours.
using LogMelKernel = void(const LogMelPlan& plan, const float* src, long frames, double* scratch,
                          float* dst);

}  // namespace escuta::kernels
