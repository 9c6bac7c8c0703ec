#include "ops/product.h"

namespace escuta::ops {
namespace {

constexpr int64_t kColumns = 256;  // of a block: four rows of sums stay in the first cache

template <int kRows, typename T>
void multiply_block(const T* a, int64_t a_row, int64_t a_step, const T* b, T* dst, int64_t depth,
                    int64_t columns, int64_t row_length) {
  T sums[kRows][kColumns] = {};
  for (int64_t k = 0; k < depth; ++k) {
    T factors[kRows];
    for (int i = 0; i < kRows; ++i) factors[i] = a[i * a_row + k * a_step];
    const T* row = b + k * row_length;
    for (int64_t j = 0; j < columns; ++j) {
      for (int i = 0; i < kRows; ++i) sums[i][j] += factors[i] * row[j];
    }
  }
  for (int i = 0; i < kRows; ++i) std::copy_n(sums[i], columns, dst + i * row_length);
}

}  // namespace

template <typename T>
void multiply(const T* a, int64_t a_row, int64_t a_step, const T* b, T* dst, int64_t rows,
              int64_t depth, int64_t columns) {
  if (rows == 0) return;
  for (int64_t j = 0; j < columns; j += kColumns) {
    const int64_t width = std::min(kColumns, columns - j);
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
      multiply_block<4>(a + i * a_row, a_row, a_step, b + j, dst + i * columns + j, depth, width,
                        columns);
    }
    for (; i < rows; ++i) {
      multiply_block<1>(a + i * a_row, a_row, a_step, b + j, dst + i * columns + j, depth, width,
                        columns);
    }
  }
}

template void multiply(const float*, int64_t, int64_t, const float*, float*, int64_t, int64_t,
                       int64_t);
template void multiply(const double*, int64_t, int64_t, const double*, double*, int64_t, int64_t,
                       int64_t);
template void multiply(const uint32_t*, int64_t, int64_t, const uint32_t*, uint32_t*, int64_t,
                       int64_t, int64_t);
template void multiply(const uint64_t*, int64_t, int64_t, const uint64_t*, uint64_t*, int64_t,
                       int64_t, int64_t);

Result<MatMulShape> MatMulShape::create(const Shape& a, const Shape& b) {
  if (a.rank() == 0 || b.rank() == 0) {
    return invalid_argument("expected tensors of one dimension or more, found {} and {}",
                            a.to_string(), b.to_string());
  }
  MatMulShape plan;
  const bool a_vector = a.rank() == 1, b_vector = b.rank() == 1;
  plan.rows = a_vector ? 1 : a[a.rank() - 2];
  plan.depth = a[a.rank() - 1];
  plan.columns = b_vector ? 1 : b[b.rank() - 1];
  if (b[b_vector ? 0 : b.rank() - 2] != plan.depth) {
    return invalid_argument("expected matrices that multiply, found {} and {}", a.to_string(),
                            b.to_string());
  }
  ASSIGN_OR_RETURN(const Shape a_batch,
                   Shape::create(a.dims().first(static_cast<size_t>(std::max(a.rank() - 2, 0)))));
  ASSIGN_OR_RETURN(const Shape b_batch,
                   Shape::create(b.dims().first(static_cast<size_t>(std::max(b.rank() - 2, 0)))));
  ASSIGN_OR_RETURN(plan.batch, Broadcast<2>::create({&a_batch, &b_batch}));
  std::array<int64_t, kMaxRank + 2> dims{};
  size_t rank = 0;
  for (const int64_t dim : plan.batch.shape().dims()) dims[rank++] = dim;
  if (!a_vector) dims[rank++] = plan.rows;
  if (!b_vector) dims[rank++] = plan.columns;
  ASSIGN_OR_RETURN(plan.result, Shape::create({dims.data(), rank}));
  return plan;
}

std::optional<Dims> matmul_dims(const Inference& node, const std::optional<Dims>& a,
                                const std::optional<Dims>& b) {
  if ((a && a->empty()) || (b && b->empty())) {
    node.fail(invalid_argument("expected tensors of one dimension or more, found a scalar"));
    return std::nullopt;
  }
  if (!a || !b) return std::nullopt;
  const bool a_vector = a->size() == 1, b_vector = b->size() == 1;
  const Dim& depth = (*b)[b_vector ? 0 : b->size() - 2];
  if (!a->back().may_equal(depth)) {
    node.fail(invalid_argument("expected matrices that multiply, found {} columns and {} rows",
                               a->back().to_string(), depth.to_string()));
    return std::nullopt;
  }
  std::optional<Dims> dims = broadcast(node, Dims(a->begin(), a->end() - (a_vector ? 1 : 2)),
                                       Dims(b->begin(), b->end() - (b_vector ? 1 : 2)));
  if (!dims) return std::nullopt;
  if (!a_vector) dims->push_back((*a)[a->size() - 2]);
  if (!b_vector) dims->push_back(b->back());
  return dims;
}

}  // namespace escuta::ops
