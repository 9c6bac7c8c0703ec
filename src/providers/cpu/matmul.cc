// MatMul, FusedMatMul and MatMulBias in f32, over kernels/gemm: constant matrices on the right are
// packed once.
#include <algorithm>
#include <array>

#include "kernels/gemm.h"
#include "ops/broadcast.h"
#include "providers/cpu/kernels.h"

namespace escuta::cpu {
namespace {

// The shape without its last two dimensions.
Result<Shape> batch_of(const Shape& shape) {
  return Shape::create(shape.dims().first(static_cast<size_t>(std::max(shape.rank() - 2, 0))));
}

class MatMul final : public ops::Kernel {
 public:
  explicit MatMul(const ops::NodeInfo& node)
      : alpha_(node.number("alpha", 1.0f)),
        transpose_a_(node.integer("transA", 0) != 0),
        transpose_b_(node.integer("transB", 0) != 0),
        activation_(activation_of(node)) {}

  // b: [k, n], or [n, k] when transposed.
  Status keep_b(const KernelContext& context, const graph::Constant& b) {
    k_ = b.shape[transpose_b_ ? 1 : 0];
    n_ = b.shape[transpose_b_ ? 0 : 1];
    ASSIGN_OR_RETURN(right_, pack_right_side(context, b, transpose_b_));
    return Status();
  }

  Status run(ops::Call& call) const override {
    return right_.panels != nullptr ? run_packed(call) : run_batched(call);
  }

 private:
  // All rows of all matrices of A are rows of one product.
  Status run_packed(ops::Call& call) const {
    const Shape& a = call.shape(0);
    if (a.rank() < 1 || (transpose_a_ && a.rank() != 2) || call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected a float matrix on the left, found {}", a.to_string());
    }
    const int64_t a_k = transpose_a_ ? a[0] : a[a.rank() - 1];
    if (a_k != k_) {
      return invalid_argument("expected {} columns on the left, found shape {}", k_, a.to_string());
    }
    std::array<int64_t, kMaxRank> dims{};
    std::copy(a.dims().begin(), a.dims().end(), dims.begin());
    if (transpose_a_) dims[0] = a[1];
    dims[static_cast<size_t>(a.rank()) - 1] = n_;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(a.rank())}));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return Status();
    kernels::Gemm gemm;
    gemm.m = static_cast<long>(shape.count() / n_);
    gemm.n = n_;
    gemm.k = k_;
    gemm.a = call.input(0).as<float>().data();
    gemm.lda = transpose_a_ ? a[1] : k_;
    gemm.transpose_a = transpose_a_;
    right_.give(gemm);
    gemm.c = dst;
    gemm.ldc = n_;
    gemm.alpha = alpha_;
    gemm.activation = activation_;
    ASSIGN_OR_RETURN(gemm.bias, column_bias(call, 2, n_));
    return run_product(call, gemm);
  }

  static Status run_product(ops::Call& call, const kernels::Gemm& gemm) {
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::gemm_scratch_bytes(gemm, call.threads())));
    kernels::run_gemm(gemm, scratch, call.threads());
    return Status();
  }

  Status run_batched(ops::Call& call) const {
    Shape a = call.shape(0), b = call.shape(1);
    if (call.dtype(0) != DType::kFloat || call.dtype(1) != DType::kFloat || a.rank() == 0 ||
        b.rank() == 0) {
      return invalid_argument("expected float matrices, found {} and {}", a.to_string(),
                              b.to_string());
    }
    // A vector on the left is a row, on the right a column; its dimension is not in the result.
    const bool row = a.rank() == 1, column = b.rank() == 1;
    if (row) a = {1, a[0]};
    if (column) b = {b[0], 1};
    const int64_t m = transpose_a_ ? a[a.rank() - 1] : a[a.rank() - 2];
    const int64_t k = transpose_a_ ? a[a.rank() - 2] : a[a.rank() - 1];
    const int64_t n = transpose_b_ ? b[b.rank() - 2] : b[b.rank() - 1];
    if (k != (transpose_b_ ? b[b.rank() - 1] : b[b.rank() - 2])) {
      return invalid_argument("expected matrices that fit together, found {} and {}",
                              call.shape(0).to_string(), call.shape(1).to_string());
    }
    ASSIGN_OR_RETURN(const Shape a_batch, batch_of(a));
    ASSIGN_OR_RETURN(const Shape b_batch, batch_of(b));
    ASSIGN_OR_RETURN(const auto batch, ops::Broadcast<2>::create({&a_batch, &b_batch}));
    std::array<int64_t, kMaxRank> dims{};
    size_t rank = 0;
    for (const int64_t dim : batch.shape().dims()) dims[rank++] = dim;
    if (rank + 2 > kMaxRank) return invalid_argument("expected fewer dimensions");
    if (!row) dims[rank++] = m;
    if (!column) dims[rank++] = n;
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return Status();
    kernels::Gemm gemm;
    gemm.m = m;
    gemm.n = n;
    gemm.k = k;
    gemm.lda = a[a.rank() - 1];
    gemm.transpose_a = transpose_a_;
    gemm.ldb = b[b.rank() - 1];
    gemm.transpose_b = transpose_b_;
    gemm.ldc = n;
    gemm.alpha = alpha_;
    return run_grid(call, batch, gemm, dst);
  }

  // The innermost run of the batch is a grid of products; the runs one after the other.
  static Status run_grid(ops::Call& call, const ops::Broadcast<2>& batch, kernels::Gemm gemm,
                         float* dst) {
    const float* a = call.input(0).as<float>().data();
    const float* b = call.input(1).as<float>().data();
    std::byte* scratch = nullptr;
    Status status;
    batch.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      if (!status.ok()) return;
      gemm.a = a + src[0] * gemm.m * gemm.k;
      gemm.b = b + src[1] * gemm.k * gemm.n;
      gemm.c = dst + at * gemm.m * gemm.n;
      gemm.batch[0] = count;
      gemm.stride_a[0] = steps[0] * gemm.m * gemm.k;
      gemm.stride_b[0] = steps[1] * gemm.k * gemm.n;
      gemm.stride_c[0] = gemm.m * gemm.n;
      if (scratch == nullptr) {
        Result<std::byte*> taken = call.scratch(kernels::gemm_scratch_bytes(gemm, call.threads()));
        if (!taken.ok()) {
          status = taken.status();
          return;
        }
        scratch = *taken;
      }
      kernels::run_gemm(gemm, scratch, call.threads());
    });
    return status;
  }

  float alpha_;
  bool transpose_a_, transpose_b_;
  kernels::Activation activation_;  // only over a kept B, as a bias
  int64_t k_ = 0, n_ = 0;           // of a kept B
  RightSide right_;                 // empty: B is an input
};

}  // namespace

Result<engine::ChosenKernel> matmul(const KernelContext& context, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  RETURN_IF_ERROR(require_dtype(node, 1, DType::kFloat));
  if (node.integer("transBatchA", 0) != 0 || node.integer("transBatchB", 0) != 0) {
    return unimplemented("transposed batches");
  }
  auto kernel = std::make_unique<MatMul>(node);
  RETURN_IF_ERROR(node.status());
  engine::ChosenKernel chosen;
  const graph::ConstantPtr& b = node.input(1).constant;
  const auto rank = node.rank(0);
  const bool rows = node.integer("transA", 0) == 0 || (rank && *rank == 2);
  if (b != nullptr && b->shape.rank() == 2 && b->shape.count() > 0 && rows) {
    RETURN_IF_ERROR(kernel->keep_b(context, *b));
    chosen.kept_inputs = {1};
  } else if (node.node().op_type == "MatMulBias") {
    return unimplemented("a matrix on the right that is no constant");
  }
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace escuta::cpu
