// Products of matrices as plain loops, for operators that have one inside.
#pragma once

#include <algorithm>
#include <cstdint>

namespace escuta::ops {

// An element of a matrix is at data[i * row + j * col].
template <typename T>
struct Matrix {
  const T* data;
  int64_t row;
  int64_t col;
};

// c [m, n], contiguous, = a [m, k] b [k, n]. Sums are in W, in the order of k.
template <typename W, typename A, typename B>
void multiply(const Matrix<A>& a, const Matrix<B>& b, W* c, int64_t m, int64_t n, int64_t k) {
  for (int64_t i = 0; i < m; ++i) {
    W* row = c + i * n;
    std::fill(row, row + n, W{});
    if (b.col != 1 && b.row == 1) {  // b is transposed: rows of both are contiguous
      for (int64_t j = 0; j < n; ++j) {
        W sums[4] = {};  // independent, so that additions overlap
        for (int64_t p = 0; p < k; ++p) {
          sums[p % 4] +=
              static_cast<W>(a.data[i * a.row + p * a.col]) * static_cast<W>(b.data[p + j * b.col]);
        }
        row[j] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
      }
      continue;
    }
    for (int64_t p = 0; p < k; ++p) {
      const W left = static_cast<W>(a.data[i * a.row + p * a.col]);
      const B* right = b.data + p * b.row;
      for (int64_t j = 0; j < n; ++j) row[j] += left * static_cast<W>(right[j * b.col]);
    }
  }
}

// dst [rows, n] = src [rows, k] weights [k, n] + bias [n] (may be null), all contiguous.
inline void project(const float* src, const float* weights, const float* bias, float* dst,
                    int64_t rows, int64_t n, int64_t k) {
  multiply<float>(Matrix<float>{src, k, 1}, Matrix<float>{weights, n, 1}, dst, rows, n, k);
  if (bias == nullptr) return;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) dst[i * n + j] += bias[j];
  }
}

}  // namespace escuta::ops
