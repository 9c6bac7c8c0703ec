// MatMul and MatMulBias by a constant matrix, in 8 bits where the session asks for that precision:
// weights with a scale for each column, rows of the left side with a scale each, found at each run.
// Sums are exact in i32 (kernels/gemm_int8), so nothing saturates on processors without VNNI.
// The scheme is that of "LLM.int8()" (Dettmers et al., 2022, section 3.1) without its outliers.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/thread_pool.h"
#include "kernels/gemm_int8.h"
#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "providers/cpu/kernels.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

constexpr float kMost = 127;  // of a code; -128 is left out, so that codes are symmetric
constexpr size_t kLine = 64;

size_t scales_bytes(int64_t n) {
  return (static_cast<size_t>(n) * sizeof(float) + kLine - 1) / kLine * kLine;
}

float scale_for(float most) { return most > 0 && std::isfinite(most) ? most / kMost : 1.0f; }

void quantize(const float* src, float scale, signed char* codes, int64_t n) {
  kernels::kernels().vector.quantize(src, scale, 0, -127, 127,
                                     reinterpret_cast<unsigned char*>(codes), n);
}

// src [rows, width] -> codes, with a scale for each row.
void quantize_by_row(const float* src, int64_t rows, int64_t width, float* scales,
                     signed char* codes) {
  thread_pool().parallel_for(rows, 0, [&](long row, int) {
    const float* values = src + row * width;
    scales[row] =
        scale_for(kernels::kernels().vector.reduce(kernels::ReduceOp::kMaxOfAbs, values, width));
    quantize(values, scales[row], codes + row * width, width);
  });
}

// The same with a scale for each column.
void quantize_by_column(const float* src, int64_t rows, int64_t width, float* scales,
                        signed char* codes) {
  using kernels::BinaryOp;
  constexpr long kColumns = 128;
  const auto& vector = kernels::kernels().vector;
  thread_pool().parallel_for((width + kColumns - 1) / kColumns, 0, [&](long block, int) {
    const long begin = block * kColumns, count = std::min<long>(kColumns, width - begin);
    float values[kColumns];
    std::fill_n(scales + begin, count, 0.0f);
    for (int64_t row = 0; row < rows; ++row) {
      vector.abs(src + row * width + begin, values, count);
      vector.binary(BinaryOp::kMax, values, 1, scales + begin, 1, scales + begin, count);
    }
    for (long i = begin; i < begin + count; ++i) scales[i] = scale_for(scales[i]);
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t at = row * width + begin;
      vector.binary(BinaryOp::kDiv, src + at, 1, scales + begin, 1, values, count);
      quantize(values, 1, codes + at, count);
    }
  });
}

class Int8MatMul final : public ops::Kernel {
 public:
  explicit Int8MatMul(const ops::NodeInfo& node)
      : transpose_b_(node.integer("transB", 0) != 0), activation_(activation_of(node)) {}

  // b: [k, n], or [n, k] when transposed.
  Status keep_b(const KernelContext& context, const graph::Constant& b) {
    k_ = b.shape[transpose_b_ ? 1 : 0];
    n_ = b.shape[transpose_b_ ? 0 : 1];
    const auto make = [&](const std::byte* bytes) -> Result<PackedWeight> {
      PackedWeight made;
      ASSIGN_OR_RETURN(Buffer codes, Buffer::allocate(static_cast<size_t>(k_ * n_)));
      ASSIGN_OR_RETURN(made.bytes, Buffer::allocate_for_long(scales_bytes(n_) +
                                                             kernels::packed_b_int8_bytes(k_, n_)));
      auto* scales = reinterpret_cast<float*>(made.bytes.data());
      auto* values = reinterpret_cast<signed char*>(codes.data());
      const auto quantize_all = transpose_b_ ? quantize_by_row : quantize_by_column;
      quantize_all(reinterpret_cast<const float*>(bytes), b.shape[0], b.shape[1], scales, values);
      kernels::pack_b_int8(values, b.shape[1], transpose_b_, true, k_, n_,
                           made.bytes.data() + scales_bytes(n_));
      return made;
    };
    ASSIGN_OR_RETURN(
        weights_, context.weights->get(context.model, b,
                                       fmt::format("int8:{}:{}:{}", k_, n_, transpose_b_), make));
    return Status();
  }

  Status run(ops::Call& call) const override {
    const Shape& a = call.shape(0);
    if (a.rank() < 1 || a[a.rank() - 1] != k_ || call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected floats with {} columns on the left, found {}", k_,
                              a.to_string());
    }
    std::array<int64_t, kMaxRank> dims{};
    std::copy(a.dims().begin(), a.dims().end(), dims.begin());
    dims[static_cast<size_t>(a.rank()) - 1] = n_;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(a.rank())}));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return Status();
    kernels::GemmInt8 gemm;
    gemm.m = shape.count() / n_;
    gemm.n = n_;
    gemm.k = k_;
    RETURN_IF_ERROR(quantize_rows(call, gemm));
    gemm.packed_b = weights_->bytes.data() + scales_bytes(n_);
    gemm.b_scale = reinterpret_cast<const float*>(weights_->bytes.data());
    gemm.b_scale_per_column = true;
    gemm.c_f32 = dst;
    gemm.ldc = n_;
    gemm.activation = activation_;
    ASSIGN_OR_RETURN(gemm.bias, column_bias(call, 2, n_));
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::gemm_int8_scratch_bytes(gemm, call.threads())));
    kernels::run_gemm_int8(gemm, scratch, call.threads());
    return Status();
  }

 private:
  // The left side as s8 with a scale per row: what a row gives does not depend on others.
  Status quantize_rows(ops::Call& call, kernels::GemmInt8& gemm) const {
    ASSIGN_OR_RETURN(auto* codes, call.scratch_of<int8_t>(gemm.m * k_));
    ASSIGN_OR_RETURN(float* scales, call.scratch_of<float>(gemm.m));
    const float* src = call.input(0).as<float>().data();
    const auto& vector = kernels::kernels().vector;
    for_parts(call, gemm.m, 16, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const float* values = src + row * k_;
        scales[row] = scale_for(vector.reduce(kernels::ReduceOp::kMaxOfAbs, values, k_));
        quantize(values, scales[row], codes + row * k_, k_);
      }
    });
    gemm.a = codes;
    gemm.lda = k_;
    gemm.a_signed = true;
    gemm.a_scale = scales;
    gemm.a_scale_per_row = true;
    return Status();
  }

  bool transpose_b_;
  kernels::Activation activation_;
  int64_t k_ = 0, n_ = 0;
  std::shared_ptr<const PackedWeight> weights_;  // scales of the columns, then the packed codes
};

}  // namespace

Result<engine::ChosenKernel> weight_int8(const KernelContext& context, const ops::NodeInfo& node) {
  if (context.precision != engine::Precision::kInt8) return unimplemented("8 bits: not asked for");
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  RETURN_IF_ERROR(require_dtype(node, 1, DType::kFloat));
  const graph::ConstantPtr& b = node.input(1).constant;
  if (b == nullptr || b->shape.rank() != 2 || b->shape.count() == 0) {
    return unimplemented("a matrix on the right that is no constant");
  }
  if (node.integer("transA", 0) != 0 || node.number("alpha", 1.0f) != 1.0f || node.has_input(3)) {
    return unimplemented("a transposed left side, a factor or a residual");
  }
  if (is_vocabulary(*b, node.integer("transB", 0) != 0)) {
    return unimplemented("a product by a vocabulary: only its weights are rounded");
  }
  auto kernel = std::make_unique<Int8MatMul>(node);
  RETURN_IF_ERROR(node.status());
  RETURN_IF_ERROR(kernel->keep_b(context, *b));
  engine::ChosenKernel chosen;
  chosen.kept_inputs = {1};
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace escuta::cpu
