#include "ops/fft.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace escuta::ops {
namespace {

using Complex = Fft::Complex;

constexpr int kMaxRadix = 31;  // a larger prime factor costs more than Bluestein's detour

// Without the tests for infinities that operator* makes.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// out[t] = sum over r of in[r] exp(-2 pi i r t / radix); roots[k * step] = exp(-2 pi i k / radix).
void butterfly(int radix, const Complex* in, Complex* out, const Complex* roots, int64_t step) {
  if (radix == 2) {
    out[0] = in[0] + in[1];
    out[1] = in[0] - in[1];
    return;
  }
  if (radix == 4) {
    const Complex a = in[0] + in[2], b = in[0] - in[2], c = in[1] + in[3], d = in[1] - in[3];
    const Complex turned(d.imag(), -d.real());
    out[0] = a + c;
    out[1] = b + turned;
    out[2] = a - c;
    out[3] = b - turned;
    return;
  }
  for (int t = 0; t < radix; ++t) {
    Complex sum = in[0];
    int power = 0;
    for (int r = 1; r < radix; ++r) {
      power += t;
      if (power >= radix) power -= radix;
      sum += times(in[r], roots[power * step]);
    }
    out[t] = sum;
  }
}

}  // namespace

int64_t Fft::Radices::split(int64_t length) {
  n = length;
  count = 0;
  int64_t rest = length;
  const auto take = [&](int radix) {
    for (; rest % radix == 0; rest /= radix) factor[static_cast<size_t>(count++)] = radix;
  };
  take(4);  // the cheapest per point
  for (int radix = 2; radix <= kMaxRadix; ++radix) take(radix);
  return rest;
}

Status Fft::Radices::prepare(Call& call) {
  ASSIGN_OR_RETURN(roots, call.scratch_of<Complex>(n));
  ASSIGN_OR_RETURN(buffer, call.scratch_of<Complex>(n));
  for (int64_t k = 0; k < n; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    roots[k] = {std::cos(angle), -std::sin(angle)};
  }
  return {};
}

void Fft::Radices::run(Complex* data) const {
  Complex* from = data;
  Complex* to = buffer;
  int64_t length = n;  // of the transforms that are left, `stride` of them interleaved
  int64_t stride = 1;
  std::array<Complex, kMaxRadix> in, out;
  for (int i = 0; i < count; ++i) {
    const int radix = factor[static_cast<size_t>(i)];
    const int64_t part = length / radix;
    for (int64_t q = 0; q < part; ++q) {
      for (int64_t s = 0; s < stride; ++s) {
        for (int r = 0; r < radix; ++r) in[r] = from[s + stride * (q + part * r)];
        butterfly(radix, in.data(), out.data(), roots, n / radix);
        to[s + stride * radix * q] = out[0];
        for (int t = 1; t < radix; ++t) {
          to[s + stride * (radix * q + t)] = times(out[t], roots[n / length * q * t]);
        }
      }
    }
    length = part;
    stride *= radix;
    std::swap(from, to);
  }
  if (from != data) std::copy_n(from, n, data);
}

Result<Fft> Fft::create(Call& call, int64_t n) {
  if (n < 1 || n > int64_t{1} << 40) {
    return invalid_argument("expected a transform of 1 to 2^40 points, found {}", n);
  }
  Fft fft;
  fft.n_ = n;
  ASSIGN_OR_RETURN(fft.data_, call.scratch_of<Complex>(n));
  if (fft.radices_.split(n) == 1) {
    RETURN_IF_ERROR(fft.radices_.prepare(call));
    return fft;
  }
  int64_t padded = 1;
  while (padded < 2 * n - 1) padded *= 2;
  fft.radices_.split(padded);
  RETURN_IF_ERROR(fft.radices_.prepare(call));
  ASSIGN_OR_RETURN(fft.chirp_, call.scratch_of<Complex>(n));
  ASSIGN_OR_RETURN(fft.filter_, call.scratch_of<Complex>(padded));
  ASSIGN_OR_RETURN(fft.work_, call.scratch_of<Complex>(padded));
  int64_t square = 0;  // k^2 modulo 2 n, after which the chirp repeats
  for (int64_t k = 0; k < n; ++k) {
    const double angle = std::numbers::pi * static_cast<double>(square) / static_cast<double>(n);
    fft.chirp_[k] = {std::cos(angle), -std::sin(angle)};
    square = (square + 2 * k + 1) % (2 * n);
  }
  std::fill_n(fft.filter_, padded, Complex{});
  for (int64_t k = 0; k < n; ++k) {
    fft.filter_[k] = std::conj(fft.chirp_[k]);
    if (k > 0) fft.filter_[padded - k] = fft.filter_[k];
  }
  fft.radices_.run(fft.filter_);
  return fft;
}

void Fft::forward() {
  if (chirp_ == nullptr) return radices_.run(data_);
  const int64_t padded = radices_.n;
  std::fill_n(work_, padded, Complex{});
  for (int64_t k = 0; k < n_; ++k) work_[k] = times(data_[k], chirp_[k]);
  radices_.run(work_);
  // The inverse transform is the forward one of the conjugate, conjugated.
  for (int64_t k = 0; k < padded; ++k) work_[k] = std::conj(times(work_[k], filter_[k]));
  radices_.run(work_);
  const double scale = 1 / static_cast<double>(padded);
  for (int64_t k = 0; k < n_; ++k) data_[k] = times(std::conj(work_[k]) * scale, chirp_[k]);
}

void Fft::inverse() {
  for (int64_t k = 0; k < n_; ++k) data_[k] = std::conj(data_[k]);
  forward();
  const double scale = 1 / static_cast<double>(n_);
  for (int64_t k = 0; k < n_; ++k) data_[k] = std::conj(data_[k]) * scale;
}

}  // namespace escuta::ops
