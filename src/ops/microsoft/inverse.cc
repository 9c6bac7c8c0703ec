// Inverse (com.microsoft 1): of each matrix [..., n, n], by Gauss-Jordan elimination with partial
// pivoting, in double.
#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// a [n, n] is used up; b, the unit matrix, becomes the inverse.
Status invert(double* a, double* b, int64_t n) {
  for (int64_t col = 0; col < n; ++col) {
    int64_t pivot = col;
    for (int64_t row = col + 1; row < n; ++row) {
      if (std::abs(a[row * n + col]) > std::abs(a[pivot * n + col])) pivot = row;
    }
    if (!(std::abs(a[pivot * n + col]) > 0)) {
      return invalid_argument("expected matrices that can be inverted, found a singular one");
    }
    if (pivot != col) {
      std::swap_ranges(a + pivot * n, a + (pivot + 1) * n, a + col * n);
      std::swap_ranges(b + pivot * n, b + (pivot + 1) * n, b + col * n);
    }
    const double scale = 1 / a[col * n + col];
    for (int64_t j = 0; j < n; ++j) {
      a[col * n + j] *= scale;
      b[col * n + j] *= scale;
    }
    for (int64_t row = 0; row < n; ++row) {
      const double factor = a[row * n + col];
      if (row == col || factor == 0) continue;
      for (int64_t j = 0; j < n; ++j) {
        a[row * n + j] -= factor * a[col * n + j];
        b[row * n + j] -= factor * b[col * n + j];
      }
    }
  }
  return {};
}

Status run(Call& call) {
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  if (rank < 2 || shape[rank - 1] != shape[rank - 2]) {
    return invalid_argument("expected square matrices, found shape {}", shape.to_string());
  }
  return dispatch(Types<float, double, Float16>{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    const int64_t n = shape[rank - 1];
    const T* src = call.input(0).as<T>().data();
    ASSIGN_OR_RETURN(double* a, call.scratch_of<double>(n * n));
    ASSIGN_OR_RETURN(double* b, call.scratch_of<double>(n * n));
    for (int64_t at = 0; at < shape.count(); at += n * n) {
      RETURN_IF_ERROR(call.check_cancelled());
      std::copy(src + at, src + at + n * n, a);
      std::fill(b, b + n * n, 0.0);
      for (int64_t i = 0; i < n; ++i) b[i * n + i] = 1;
      RETURN_IF_ERROR(invert(a, b, n));
      for (int64_t i = 0; i < n * n; ++i) dst[at + i] = static_cast<T>(static_cast<Wide<T>>(b[i]));
    }
    return {};
  });
}

}  // namespace

extern const Operator kMsInverse = {.domain = "com.microsoft",
                                    .name = "Inverse",
                                    .versions = {1},
                                    .inputs = {1, 1},
                                    .infer = infer_same,
                                    .create = make_function<run>,
                                    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
