#include "ops/microsoft/batched_product.h"

namespace escuta::ops {

BatchedProduct::Operand BatchedProduct::read(const Shape& shape, Layout layout, bool left) {
  Operand operand;
  const int rank = shape.rank();
  if (rank == 1) {
    (left ? operand.cols : operand.rows) = shape[0];
    operand.row = operand.col = 1;
    return operand;
  }
  std::array<int64_t, kMaxRank> steps{};
  int64_t step = 1;
  for (int i = rank - 1; i >= 0; --i) {
    steps[i] = step;
    // A product of all dimensions may overflow only where one is 0 and nothing is read.
    if (__builtin_mul_overflow(step, shape[i], &step)) step = 0;
  }
  const int row_axis = layout.batch_inside ? 0 : rank - 2;
  operand.rows = shape[row_axis];
  operand.cols = shape[rank - 1];
  operand.row = steps[row_axis];
  operand.col = steps[rank - 1];
  for (int i = 0; i < rank - 1; ++i) {
    if (i == row_axis) continue;
    operand.dims[operand.batch_rank] = shape[i];
    operand.batch[operand.batch_rank++] = steps[i];
  }
  if (layout.transposed) {
    std::swap(operand.rows, operand.cols);
    std::swap(operand.row, operand.col);
  }
  return operand;
}

// Widens the product's batch by the operand's, and aligns the operand's steps with it.
Status BatchedProduct::broadcast(Operand& operand) {
  const int shift = batch_rank_ - operand.batch_rank;
  std::array<int64_t, kMaxRank> aligned{};
  for (int i = 0; i < operand.batch_rank; ++i) {
    int64_t& dim = batch_[i + shift];
    const int64_t own = operand.dims[i];
    if (own == 1) continue;
    if (dim != 1 && dim != own) {
      return invalid_argument("expected batches that broadcast, found {} and {}", dim, own);
    }
    dim = own;
    aligned[i + shift] = operand.batch[i];
  }
  operand.batch = aligned;
  return {};
}

Result<BatchedProduct> BatchedProduct::create(const Shape& a, Layout a_layout, const Shape& b,
                                              Layout b_layout) {
  if (a.rank() == 0 || b.rank() == 0) {
    return invalid_argument("expected matrices, found shapes {} and {}", a.to_string(),
                            b.to_string());
  }
  BatchedProduct product;
  product.a_ = read(a, a_layout, true);
  product.b_ = read(b, b_layout, false);
  product.m_ = product.a_.rows;
  product.n_ = product.b_.cols;
  product.k_ = product.a_.cols;
  if (product.k_ != product.b_.rows) {
    return invalid_argument("expected matrices that fit together, found {} and {}: {} against {}",
                            a.to_string(), b.to_string(), product.k_, product.b_.rows);
  }
  product.batch_rank_ = std::max(product.a_.batch_rank, product.b_.batch_rank);
  std::fill_n(product.batch_.begin(), product.batch_rank_, 1);
  RETURN_IF_ERROR(product.broadcast(product.a_));
  RETURN_IF_ERROR(product.broadcast(product.b_));
  std::array<int64_t, kMaxRank + 2> dims{};
  size_t rank = static_cast<size_t>(product.batch_rank_);
  std::copy_n(product.batch_.begin(), rank, dims.begin());
  if (a.rank() > 1) dims[rank++] = product.m_;
  if (b.rank() > 1) dims[rank++] = product.n_;
  ASSIGN_OR_RETURN(product.shape_, Shape::create({dims.data(), rank}));
  if (product.shape_.count() > 0) {
    for (int i = 0; i < product.batch_rank_; ++i) product.batches_ *= product.batch_[i];
  }
  return product;
}

std::optional<Dims> infer_product(const Inference& node, size_t i, BatchedProduct::Layout i_layout,
                                  size_t j, BatchedProduct::Layout j_layout) {
  std::optional<Dims> a = node.shape(i), b = node.shape(j);
  if (!a || !b || a->empty() || b->empty()) return std::nullopt;
  const bool has_rows = a->size() > 1, has_cols = b->size() > 1;
  const auto arrange = [](Dims& dims, BatchedProduct::Layout layout) {
    if (dims.size() < 2) return;
    if (layout.batch_inside) std::rotate(dims.begin(), dims.begin() + 1, dims.end() - 1);
    if (layout.transposed) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  };
  arrange(*a, i_layout);
  arrange(*b, j_layout);
  const Dim& inner = has_cols ? (*b)[b->size() - 2] : b->back();
  if (!a->back().may_equal(inner)) {
    node.fail(invalid_argument("expected matrices that fit together, found {} against {}",
                               a->back().value(), inner.value()));
    return std::nullopt;
  }
  const Dim m = has_rows ? (*a)[a->size() - 2] : Dim(), n = b->back();
  a->resize(has_rows ? a->size() - 2 : 0);
  b->resize(has_cols ? b->size() - 2 : 0);
  std::optional<Dims> dims = broadcast(node, a, b);
  if (!dims) return std::nullopt;
  if (has_rows) dims->push_back(m);
  if (has_cols) dims->push_back(n);
  return dims;
}

}  // namespace escuta::ops
