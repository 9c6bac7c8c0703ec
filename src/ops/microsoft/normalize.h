// Layer normalisation of one row (Ba, Kiros, Hinton, 2016; without mean: Zhang, Sennrich, 2019).
#pragma once

#include <cmath>
#include <cstdint>

namespace escuta::ops {

template <typename T>
struct RowStatistics {
  T mean;  // 0 for rms
  T inverse_std;
};

// rms: no mean is subtracted. Sums are in double.
template <typename T>
RowStatistics<T> row_statistics(const T* x, int64_t count, double epsilon, bool rms) {
  double mean = 0, squares = 0;
  if (!rms) {
    for (int64_t i = 0; i < count; ++i) mean += x[i];
    mean /= static_cast<double>(count);
  }
  for (int64_t i = 0; i < count; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double variance = squares / static_cast<double>(count);
  return {static_cast<T>(mean), static_cast<T>(1 / std::sqrt(variance + epsilon))};
}

// dst may be x. beta may be null.
template <typename T>
RowStatistics<T> normalize_row(const T* x, int64_t count, const T* gamma, const T* beta,
                               double epsilon, bool rms, T* dst) {
  const RowStatistics<T> row = row_statistics(x, count, epsilon, rms);
  for (int64_t i = 0; i < count; ++i) {
    dst[i] = (x[i] - row.mean) * row.inverse_std * gamma[i] + (beta != nullptr ? beta[i] : T{0});
  }
  return row;
}

}  // namespace escuta::ops
