// The log-mel loop: window, real FFT, power, mel filters, log10, for kLanesF64 frames at a time,
// one frame a lane. Included once per ISA, by table_isa.cc.
//
// FFT of n real points: as n / 2 complex ones (even samples real, odd imaginary), by Stockham's
// self-sorting algorithm with radices 2, 3, 4, 5 (Van Loan, Computational Frameworks for the Fast
// Fourier Transform, 1992, section 1.7), then split (section 4.3). In f64: a bin 80 dB under the
// loudest one of its frame, which whisper still sees, would keep three digits in f32.
#pragma once

#include "kernels/log_mel.h"
#include "kernels/simd/simd.h"

namespace escuta::kernels {
namespace {

struct Complex {
  F64 re, im;
};

inline Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
inline Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
inline Complex operator*(Complex a, double b) { return {a.re * b, a.im * b}; }
inline Complex times_minus_i(Complex a) { return {a.im, -a.re}; }
inline Complex times(Complex a, double re, double im) {
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}

// Arrays of complex vectors: [point][re, im][lane].
inline Complex load(const double* src, int point) {
  const double* at = src + static_cast<long>(point) * 2 * kLanesF64;
  return {load(at), load(at + kLanesF64)};
}
inline void store(Complex value, double* dst, int point) {
  double* at = dst + static_cast<long>(point) * 2 * kLanesF64;
  store(value.re, at);
  store(value.im, at + kLanesF64);
}

// a[0..R) -> their discrete Fourier transform, in place.
inline void butterfly2(Complex* a) {
  const Complex sum = a[0] + a[1];
  a[1] = a[0] - a[1];
  a[0] = sum;
}

inline void butterfly3(Complex* a) {
  constexpr double kSin60 = 0.86602540378443865;
  const Complex sum = a[1] + a[2];
  const Complex mid = a[0] - sum * 0.5;
  const Complex turn = times_minus_i(a[1] - a[2]) * kSin60;
  a[0] = a[0] + sum;
  a[1] = mid + turn;
  a[2] = mid - turn;
}

inline void butterfly4(Complex* a) {
  const Complex even = a[0] + a[2], even_difference = a[0] - a[2];
  const Complex odd = a[1] + a[3], turn = times_minus_i(a[1] - a[3]);
  a[0] = even + odd;
  a[1] = even_difference + turn;
  a[2] = even - odd;
  a[3] = even_difference - turn;
}

inline void butterfly5(Complex* a) {
  constexpr double kCos72 = 0.30901699437494742, kCos144 = -0.80901699437494742;
  constexpr double kSin72 = 0.95105651629515357, kSin144 = 0.58778525229247313;
  const Complex outer = a[1] + a[4], outer_turn = times_minus_i(a[1] - a[4]);
  const Complex inner = a[2] + a[3], inner_turn = times_minus_i(a[2] - a[3]);
  const Complex near = a[0] + outer * kCos72 + inner * kCos144;
  const Complex far = a[0] + outer * kCos144 + inner * kCos72;
  const Complex near_turn = outer_turn * kSin72 + inner_turn * kSin144;
  const Complex far_turn = outer_turn * kSin144 - inner_turn * kSin72;
  a[0] = a[0] + outer + inner;
  a[1] = near + near_turn;
  a[2] = far + far_turn;
  a[3] = far - far_turn;
  a[4] = near - near_turn;
}

template <int R>
inline void butterfly(Complex* a) {
  if constexpr (R == 2) butterfly2(a);
  if constexpr (R == 3) butterfly3(a);
  if constexpr (R == 4) butterfly4(a);
  if constexpr (R == 5) butterfly5(a);
}

// One stage: `length` is what is left of the transform, length * stride the number of points.
template <int R>
void fft_stage(const double* twiddle, int length, int stride, const double* src, double* dst) {
  const int groups = length / R;
  for (int p = 0; p < groups; ++p) {
    for (int q = 0; q < stride; ++q) {
      Complex a[R];
      for (int j = 0; j < R; ++j) a[j] = load(src, q + stride * (p + groups * j));
      butterfly<R>(a);
      store(a[0], dst, q + stride * R * p);
      for (int k = 1; k < R; ++k) {
        const double* w = twiddle + 2L * p * k * stride;
        store(times(a[k], w[0], w[1]), dst, q + stride * (R * p + k));
      }
    }
  }
}

// Returns the one of a and b that holds the result.
const double* fft(const LogMelPlan& plan, double* a, double* b) {
  int length = plan.n_fft / 2, stride = 1;
  for (int i = 0; i < plan.stage_count; ++i) {
    switch (plan.radix[i]) {
      case 2:
        fft_stage<2>(plan.twiddle, length, stride, a, b);
        break;
      case 3:
        fft_stage<3>(plan.twiddle, length, stride, a, b);
        break;
      case 4:
        fft_stage<4>(plan.twiddle, length, stride, a, b);
        break;
      default:
        fft_stage<5>(plan.twiddle, length, stride, a, b);
        break;
    }
    length /= plan.radix[i];
    stride *= plan.radix[i];
    double* swap = a;
    a = b;
    b = swap;
  }
  return a;
}

// dst [n_fft][lane]: frames src + lane * hop, windowed; lanes past `count` are zero. As an array
// of complex vectors: even samples real, odd imaginary.
void load_frames(const LogMelPlan& plan, const float* src, int count, double* dst) {
  for (int i = 0; i < plan.n_fft; ++i) {
    const double weight = plan.window[i];
    double* at = dst + static_cast<long>(i) * kLanesF64;
    for (int lane = 0; lane < count; ++lane) {
      at[lane] = static_cast<double>(src[static_cast<long>(lane) * plan.hop_length + i]) * weight;
    }
    for (int lane = count; lane < kLanesF64; ++lane) at[lane] = 0;
  }
}

// z: the transform Z of the packed frames -> power [n_fft / 2 + 1][lane], |X|^2 where
// X[k] = E + w^k O, E = (Z[k] + conj Z[h-k]) / 2, O = -i (Z[k] - conj Z[h-k]) / 2, h = n_fft / 2,
// and X[h-k] = conj(E - w^k O).
void split_power(const LogMelPlan& plan, const double* z, double* power) {
  const int half = plan.n_fft / 2;
  for (int k = 0; k <= half / 2; ++k) {
    const Complex front = load(z, k);
    const Complex mirror = load(z, k == 0 ? 0 : half - k);
    const Complex back = {mirror.re, -mirror.im};
    const Complex even = (front + back) * 0.5;
    const Complex odd = times_minus_i(front - back) * 0.5;
    const Complex turned = times(odd, plan.split[2 * k], plan.split[2 * k + 1]);
    const Complex low = even + turned, high = even - turned;
    store(low.re * low.re + low.im * low.im, power + static_cast<long>(k) * kLanesF64);
    store(high.re * high.re + high.im * high.im, power + static_cast<long>(half - k) * kLanesF64);
  }
}

// power [n_fft / 2 + 1][lane] -> mel [n_mels][lane], log10.
void log_mel_filters(const LogMelPlan& plan, const double* power, double* mel) {
  const double* weight = plan.mel_weight;
  const F64 floor = splat(plan.power_floor);
  for (int m = 0; m < plan.n_mels; ++m) {
    F64 sum = splat(0);
    for (int bin = plan.mel_begin[m]; bin < plan.mel_end[m]; ++bin) {
      sum += load(power + static_cast<long>(bin) * kLanesF64) * *weight++;
    }
    store(log10(max(sum, floor)), mel + static_cast<long>(m) * kLanesF64);
  }
}

void log_mel(const LogMelPlan& plan, const float* src, long frames, double* scratch, float* dst) {
  const long points = plan.n_fft / 2;
  double* a = scratch;
  double* b = a + points * 2 * kLanesF64;
  double* power = b + points * 2 * kLanesF64;
  double* mel = power + (points + 1) * kLanesF64;
  for (long t = 0; t < frames; t += kLanesF64) {
    const int count = static_cast<int>(frames - t < kLanesF64 ? frames - t : kLanesF64);
    load_frames(plan, src + t * plan.hop_length, count, a);
    split_power(plan, fft(plan, a, b), power);
    log_mel_filters(plan, power, mel);
    for (int lane = 0; lane < count; ++lane) {
      float* frame = dst + (t + lane) * plan.n_mels;
      for (int m = 0; m < plan.n_mels; ++m) {
        frame[m] = static_cast<float>(mel[static_cast<long>(m) * kLanesF64 + lane]);
      }
    }
  }
}

}  // namespace
}  // namespace escuta::kernels
