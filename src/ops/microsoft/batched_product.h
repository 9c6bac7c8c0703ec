// Products of stacks of matrices with numpy's rules (numpy.matmul), transposed on the way perhaps.
#pragma once

#include "ops/inference.h"
#include "ops/microsoft/product.h"
#include "tensor/shape.h"

namespace escuta::ops {

class BatchedProduct {
 public:
  // How an operand is stored: swapped in its last two dimensions; with its batch dimensions after
  // the first of its last two ([M, B..., K] for [B..., M, K]). Vectors are never swapped.
  struct Layout {
    bool transposed = false;
    bool batch_inside = false;
  };
  // InvalidArgument for shapes that do not fit together.
  static Result<BatchedProduct> create(const Shape& a, Layout a_layout, const Shape& b,
                                       Layout b_layout);

  const Shape& shape() const { return shape_; }  // of the product
  int64_t rows() const { return m_; }
  int64_t cols() const { return n_; }
  int64_t depth() const { return k_; }

  // c = a b; sums are in W.
  template <typename W, typename A, typename B>
  void run(const A* a, const B* b, W* c) const {
    for_each_batch([&](int64_t i, int64_t a_at, int64_t b_at) {
      multiply<W>(Matrix<A>{a + a_at, a_.row, a_.col}, Matrix<B>{b + b_at, b_.row, b_.col},
                  c + i * m_ * n_, m_, n_, k_);
    });
  }

  // function(i, a_at, b_at): matrix i of the product is that of the matrices that begin there.
  template <typename F>
  void for_each_batch(F&& function) const {
    if (shape_.count() == 0) return;
    for (int64_t i = 0; i < batches_; ++i) {
      int64_t rest = i, a_at = 0, b_at = 0;
      for (int axis = batch_rank_ - 1; axis >= 0; --axis) {
        const int64_t index = rest % batch_[axis];
        rest /= batch_[axis];
        a_at += index * a_.batch[axis];
        b_at += index * b_.batch[axis];
      }
      function(i, a_at, b_at);
    }
  }

 private:
  struct Operand {
    int64_t rows = 1, cols = 1;  // as used
    int64_t row = 0, col = 0;    // steps
    int batch_rank = 0;
    std::array<int64_t, kMaxRank> dims{};   // of the batch
    std::array<int64_t, kMaxRank> batch{};  // steps, aligned with the product's batch at the end
  };
  static Operand read(const Shape& shape, Layout layout, bool left);
  Status broadcast(Operand& operand);

  Shape shape_;
  int64_t m_ = 0, n_ = 0, k_ = 0;
  int batch_rank_ = 0;
  int64_t batches_ = 1;
  std::array<int64_t, kMaxRank> batch_{};
  Operand a_, b_;
};

// The shape of the product of inputs i and j.
std::optional<Dims> infer_product(const Inference& node, size_t i, BatchedProduct::Layout i_layout,
                                  size_t j, BatchedProduct::Layout j_layout);

}  // namespace escuta::ops
