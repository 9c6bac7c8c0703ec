// Det: determinants of square matrices, by elimination with partial pivoting.
#include <cmath>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// m [n, n], destroyed.
double determinant(double* m, int64_t n) {
  double product = 1;
  for (int64_t column = 0; column < n; ++column) {
    int64_t pivot = column;
    for (int64_t i = column + 1; i < n; ++i) {
      if (std::abs(m[i * n + column]) > std::abs(m[pivot * n + column])) pivot = i;
    }
    const double top = m[pivot * n + column];
    if (top == 0) return 0;
    if (pivot != column) {
      std::swap_ranges(m + pivot * n, m + pivot * n + n, m + column * n);
      product = -product;
    }
    product *= top;
    for (int64_t i = column + 1; i < n; ++i) {
      const double factor = m[i * n + column] / top;
      for (int64_t j = column; j < n; ++j) m[i * n + j] -= factor * m[column * n + j];
    }
  }
  return product;
}

Status run(Call& call) {
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  if (rank < 2 || shape[rank - 1] != shape[rank - 2]) {
    return invalid_argument("expected square matrices [..., M, M], found shape {}",
                            shape.to_string());
  }
  const int64_t n = shape[rank - 1];
  ASSIGN_OR_RETURN(const Shape result, Shape::create(shape.dims().first(rank - 2)));
  return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, result));
    ASSIGN_OR_RETURN(double* matrix, call.scratch_of<double>(n * n));
    const T* src = call.input(0).as<T>().data();
    for (int64_t i = 0; i < result.count(); ++i) {
      RETURN_IF_ERROR(call.check_cancelled());
      for (int64_t j = 0; j < n * n; ++j) matrix[j] = src[i * n * n + j];
      dst[i] = static_cast<T>(static_cast<Wide<T>>(determinant(matrix, n)));
    }
    return {};
  });
}

void infer(Inference& node) {
  const auto& shape = node.shape(0);
  if (!shape) return node.set(0, node.dtype(0), std::nullopt);
  if (shape->size() < 2) {
    return node.fail(invalid_argument("expected square matrices, found rank {}", shape->size()));
  }
  node.set(0, node.dtype(0), Dims(shape->begin(), shape->end() - 2));
}

}  // namespace

extern const Operator kDet = {.domain = "",
                              .name = "Det",
                              .versions = {11, 22},
                              .inputs = {1, 1},
                              .infer = infer,
                              .create = make_function<run>,
                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
