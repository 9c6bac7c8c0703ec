// Gemm in f32, over kernels/gemm: a constant right side is packed once.
#include "kernels/gemm.h"

#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "providers/cpu/kernels.h"

namespace escuta::cpu {
namespace {

class GemmKernel final : public ops::Kernel {
 public:
  explicit GemmKernel(const ops::NodeInfo& node)
      : alpha_(node.number("alpha", 1.0f)),
        beta_(node.number("beta", 1.0f)),
        transpose_a_(node.integer("transA", 0) != 0),
        transpose_b_(node.integer("transB", 0) != 0) {}

  Status keep_b(const KernelContext& context, const graph::Constant& b) {
    b_shape_ = b.shape;
    ASSIGN_OR_RETURN(right_, pack_right_side(context, b, transpose_b_));
    return Status();
  }

  Status run(ops::Call& call) const override {
    const Shape& a = call.shape(0);
    const Shape& b = right_.panels != nullptr ? b_shape_ : call.shape(1);
    const bool floats = call.dtype(0) == DType::kFloat &&
                        (right_.panels != nullptr || call.dtype(1) == DType::kFloat) &&
                        (!call.has(2) || call.dtype(2) == DType::kFloat);
    if (!floats || a.rank() != 2 || b.rank() != 2 ||
        a[transpose_a_ ? 0 : 1] != b[transpose_b_ ? 1 : 0]) {
      return invalid_argument("expected float matrices that fit together, found {} and {}",
                              a.to_string(), b.to_string());
    }
    kernels::Gemm gemm;
    gemm.m = a[transpose_a_ ? 1 : 0];
    gemm.k = a[transpose_a_ ? 0 : 1];
    gemm.n = b[transpose_b_ ? 0 : 1];
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, {gemm.m, gemm.n}));
    if (gemm.m == 0 || gemm.n == 0) return Status();
    gemm.a = call.input(0).as<float>().data();
    gemm.lda = a[1];
    gemm.transpose_a = transpose_a_;
    if (right_.panels != nullptr) {
      right_.give(gemm);
    } else {
      gemm.b = call.input(1).as<float>().data();
      gemm.ldb = b[1];
      gemm.transpose_b = transpose_b_;
    }
    gemm.c = dst;
    gemm.ldc = gemm.n;
    gemm.alpha = alpha_;
    RETURN_IF_ERROR(add_c(call, gemm));
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::gemm_scratch_bytes(gemm, call.threads())));
    kernels::run_gemm(gemm, scratch, call.threads());
    return Status();
  }

 private:
  // beta * C, broadcast, becomes what the product is added to.
  Status add_c(const ops::Call& call, kernels::Gemm& gemm) const {
    if (!call.has(2) || beta_ == 0) return Status();
    const Shape& c = call.shape(2);
    const float* src = call.input(2).as<float>().data();
    const int64_t cols = c.rank() == 0 ? 1 : c[c.rank() - 1];
    const int64_t rows = c.rank() < 2 ? 1 : c[c.rank() - 2];
    if (c.rank() > 2 || (cols != 1 && cols != gemm.n) || (rows != 1 && rows != gemm.m)) {
      return invalid_argument("expected a third input that broadcasts to [{}, {}], found {}",
                              gemm.m, gemm.n, c.to_string());
    }
    if (rows == 1 && cols == gemm.n && beta_ == 1) {
      gemm.bias = src;
      return Status();
    }
    for (int64_t i = 0; i < gemm.m; ++i) {
      kernels::kernels().vector.binary(kernels::BinaryOp::kMul, src + (rows == 1 ? 0 : i * cols),
                                       cols == 1 ? 0 : 1, &beta_, 0, gemm.c + i * gemm.n, gemm.n);
    }
    gemm.beta = 1;
    return Status();
  }

  float alpha_, beta_;
  bool transpose_a_, transpose_b_;
  Shape b_shape_;
  RightSide right_;  // empty: B is an input
};

}  // namespace

Result<engine::ChosenKernel> gemm(const KernelContext& context, const ops::NodeInfo& node) {
  for (const size_t i : {0, 1, 2}) {
    if (i < 2 || node.has_input(i)) RETURN_IF_ERROR(require_dtype(node, i, DType::kFloat));
  }
  if (node.version() < 7) return unimplemented("the broadcast attribute of Gemm before version 7");
  auto kernel = std::make_unique<GemmKernel>(node);
  RETURN_IF_ERROR(node.status());
  engine::ChosenKernel chosen;
  const graph::ConstantPtr& b = node.input(1).constant;
  if (b != nullptr && b->shape.rank() == 2 && b->shape.count() > 0) {
    RETURN_IF_ERROR(kernel->keep_b(context, *b));
    chosen.kept_inputs = {1};
  }
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace escuta::cpu
