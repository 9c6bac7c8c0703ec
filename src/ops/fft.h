// The discrete Fourier transform of any length, in double.
//
// Lengths whose prime factors are small: Stockham's autosort algorithm with mixed radices (Van
// Loan, Computational Frameworks for the Fast Fourier Transform, 1992, section 1.7). Others:
// Bluestein's (1970), a convolution by transforms of a power of two. O(n log n) for all.
//
// Plan and buffers live in scratch of a call; one thread.
#pragma once

#include <array>
#include <complex>

#include "ops/call.h"

namespace escuta::ops {

class Fft {
 public:
  using Complex = std::complex<double>;

  // For transforms of n >= 1 points. ResourceExhausted; InvalidArgument for n over 2^40.
  static Result<Fft> create(Call& call, int64_t n);

  int64_t size() const { return n_; }
  // [n]: what forward() transforms. Fill it before each transform.
  Complex* data() { return data_; }

  // data[k] = sum over t of data[t] exp(-2 pi i k t / n).
  void forward();
  // data[t] = 1 / n times the sum over k of data[k] exp(2 pi i k t / n).
  void inverse();

 private:
  // Transforms of a length with small prime factors.
  struct Radices {
    int64_t n = 0;
    int count = 0;
    std::array<int, 64> factor{};
    Complex* roots = nullptr;   // [n] exp(-2 pi i k / n)
    Complex* buffer = nullptr;  // [n]
    // Factors n as far as small primes go; what is left of it.
    int64_t split(int64_t length);
    Status prepare(Call& call);
    void run(Complex* data) const;
  };

  int64_t n_ = 0;
  Complex* data_ = nullptr;
  Radices radices_;
  // Bluestein: nullptr where radices_ is of length n itself.
  Complex* chirp_ = nullptr;   // [n] exp(-pi i k^2 / n)
  Complex* filter_ = nullptr;  // [radices_.n] the transform of the conjugate chirp
  Complex* work_ = nullptr;    // [radices_.n]
};

}  // namespace escuta::ops
