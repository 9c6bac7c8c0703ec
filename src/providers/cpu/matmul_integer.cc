// Products of 8-bit matrices over kernels/gemm_int8: MatMulInteger, QLinearMatMul, and with floats
// on one side or both MatMulIntegerToFloat and DynamicQuantizeMatMul. A constant matrix on the
// right is packed once.
#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "ops/byte_quantization.h"
#include "ops/microsoft/inputs.h"
#include "providers/cpu/quantize.h"
#include "providers/cpu/quantized.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

class MatMulInteger final : public ops::Kernel {
 public:
  explicit MatMulInteger(ByteProduct product) : product_(std::move(product)) {}

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::MatMulShape plan, product_.shape(call));
    ASSIGN_OR_RETURN(int32_t * dst, call.output<int32_t>(0, plan.result));
    if (plan.result.count() == 0) return {};
    return product_.for_each(call, plan, 2, 3, true, [&](ByteProduct::Part& part) {
      part.gemm.c = dst + part.at * plan.rows * plan.columns;
      part.multiply();
    });
  }

 private:
  ByteProduct product_;
};

// Inputs a, its scale and zero point, b, its scale and zero point, the result's scale and zero
// point. Sums are scaled in float, where the plain loop has double: a result half way between two
// steps may take the other one.
class QLinearMatMul final : public ops::Kernel {
 public:
  explicit QLinearMatMul(ByteProduct product) : product_(std::move(product)) {}

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::MatMulShape plan, product_.shape(call));
    const DType to = call.dtype(7);
    if (!is_byte(to)) return unimplemented("a result of type {}", dtype_name(to));
    ASSIGN_OR_RETURN(const ops::Quantizer target, ops::read_quantizer(call, 6, 7, to));
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, to, plan.result));
    if (plan.result.count() == 0) return {};
    const int64_t size = plan.rows * plan.columns;
    ASSIGN_OR_RETURN(const Scales a, scales(call, 1, 0, plan.rows, plan.depth));
    ASSIGN_OR_RETURN(const Scales b, scales(call, 4, 3, plan.columns, plan.depth));
    const bool whole = a.steps.line == 0;
    ASSIGN_OR_RETURN(float* line, call.scratch_of<float>(whole ? plan.result.count() : size));
    ASSIGN_OR_RETURN(float* b_scales, call.scratch_of<float>(plan.columns));
    return product_.for_each(call, plan, 2, 5, whole, [&](ByteProduct::Part& part) {
      kernels::GemmInt8& gemm = part.gemm;
      const float common = whole ? a.values[a.steps.at(part.left, 0)] : 1;
      for (int64_t j = 0; j < plan.columns; ++j) {
        b_scales[j] = common * b.values[b.steps.at(part.right, j)] / target.scale;
      }
      gemm.c_f32 = line;
      gemm.b_scale = b_scales;
      gemm.b_scale_per_column = true;
      if (!whole) {
        gemm.a_scale = a.values + a.steps.at(part.left, 0);
        gemm.a_scale_per_row = true;
      }
      part.multiply();
      quantize_bytes(call, line, gemm.m * gemm.n, 1, target.zero, to, dst + part.at * size);
    });
  }

 private:
  struct Scales {
    const float* values = nullptr;
    ops::LineSteps steps;
  };
  // Input i: of the rows or columns, `lines`, of operand `of`.
  Result<Scales> scales(ops::Call& call, size_t i, size_t of, int64_t lines, int64_t depth) const {
    const Shape& shape = of == 0 ? call.shape(0) : product_.b_shape(call);
    const int64_t size = lines * depth;
    Scales scales;
    ASSIGN_OR_RETURN(scales.values, ops::floats(call, i));
    if (scales.values == nullptr) return invalid_argument("expected input {}, found none", i);
    ASSIGN_OR_RETURN(scales.steps, ops::LineSteps::create(call.shape(i), lines,
                                                          size == 0 ? 1 : shape.count() / size));
    return scales;
  }

  ByteProduct product_;
};

// A b * scales + bias, of a constant B [k, n], its scales and zero points one or one a column.
struct ScaledInputs {
  size_t b_scale, b_zero, bias;
};

Status multiply_scaled(ops::Call& call, const ByteProduct& product, const ops::MatMulShape& plan,
                       const ScaledInputs& inputs, float a_scale, kernels::GemmInt8 gemm,
                       float* dst) {
  const int64_t n = plan.columns;
  const auto check = [&](size_t i) -> Status {
    const int64_t count = call.input(i).count();
    if (call.dtype(i) == DType::kFloat && (count == 1 || count == n) &&
        (i != inputs.bias || count == n)) {
      return {};
    }
    return invalid_argument("input {}: expected {} floats, found {} {}", i, n,
                            dtype_name(call.dtype(i)), call.shape(i).to_string());
  };
  RETURN_IF_ERROR(check(inputs.b_scale));
  gemm.n = gemm.ldc = n;
  gemm.k = gemm.lda = plan.depth;
  gemm.c_f32 = dst;
  gemm.a_scale = &a_scale;
  gemm.b_scale = call.input(inputs.b_scale).as<float>().data();
  gemm.b_scale_per_column = call.input(inputs.b_scale).count() > 1;
  if (call.has(inputs.bias)) {
    RETURN_IF_ERROR(check(inputs.bias));
    gemm.bias = call.input(inputs.bias).as<float>().data();
  }
  if (call.has(inputs.b_zero)) {
    const int64_t count = call.input(inputs.b_zero).count();
    if (count != 1 && count != n) {
      return invalid_argument("expected 1 or {} zero points, found {}", n, count);
    }
    ASSIGN_OR_RETURN(gemm.b_zero, widened_bytes(call, inputs.b_zero, product.b_dtype(call)));
    gemm.b_zero_per_column = count > 1;
  }
  gemm.packed_b = product.packed_b();
  ASSIGN_OR_RETURN(std::byte * scratch,
                   call.scratch(kernels::gemm_int8_scratch_bytes(gemm, call.threads())));
  kernels::run_gemm_int8(gemm, scratch, call.threads());
  return {};
}

class MatMulIntegerToFloat final : public ops::Kernel {
 public:
  explicit MatMulIntegerToFloat(ByteProduct product) : product_(std::move(product)) {}

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::MatMulShape plan, product_.shape(call));
    ASSIGN_OR_RETURN(const ops::Quantizer a, ops::read_quantizer(call, 2, 4, call.dtype(0)));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, plan.result));
    if (plan.result.count() == 0) return {};
    kernels::GemmInt8 gemm;
    gemm.m = plan.result.count() / plan.columns;
    gemm.a = call.input(0).bytes();
    gemm.a_signed = call.dtype(0) == DType::kInt8;
    gemm.a_zero = &a.zero;
    return multiply_scaled(call, product_, plan, {3, 5, 6}, a.scale, gemm, dst);
  }

 private:
  ByteProduct product_;
};

class DynamicQuantizeMatMul final : public ops::Kernel {
 public:
  explicit DynamicQuantizeMatMul(ByteProduct product) : product_(std::move(product)) {}

  Status run(ops::Call& call) const override {
    if (call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected floats on the left, found {}", dtype_name(call.dtype(0)));
    }
    ASSIGN_OR_RETURN(const ops::MatMulShape plan,
                     ops::MatMulShape::create(call.shape(0), product_.b_shape(call)));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, plan.result));
    if (plan.result.count() == 0) return {};
    const int64_t count = call.input(0).count();
    const float* src = call.input(0).as<float>().data();
    const ops::Quantizer a = quantizer_of(call, src, count);
    ASSIGN_OR_RETURN(uint8_t * codes, call.scratch_of<uint8_t>(count));
    quantize_bytes(call, src, count, a.scale, a.zero, DType::kUint8,
                   reinterpret_cast<std::byte*>(codes));
    kernels::GemmInt8 gemm;
    gemm.m = plan.result.count() / plan.columns;
    gemm.a = codes;
    gemm.a_zero = &a.zero;
    return multiply_scaled(call, product_, plan, {2, 3, 4}, a.scale, gemm, dst);
  }

 private:
  ByteProduct product_;
};

template <typename Kernel>
engine::ChosenKernel chosen(ByteProduct product, bool kept, size_t b) {
  engine::ChosenKernel chosen;
  if (kept) chosen.kept_inputs = {b};
  chosen.kernel = std::make_unique<Kernel>(std::move(product));
  return chosen;
}

template <typename Kernel>
Result<engine::ChosenKernel> make_scaled(const KernelContext& context, const ops::NodeInfo& node) {
  ByteProduct product(0, 1);
  ASSIGN_OR_RETURN(const bool kept, product.keep_b(context, node));
  if (!kept) return unimplemented("a matrix on the right that is no constant");
  return chosen<Kernel>(std::move(product), kept, 1);
}

}  // namespace

Result<engine::ChosenKernel> matmul_integer(const KernelContext& context,
                                            const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_bytes(node, 0));
  RETURN_IF_ERROR(require_bytes(node, 1));
  ByteProduct product(0, 1);
  ASSIGN_OR_RETURN(const bool kept, product.keep_b(context, node));
  return chosen<MatMulInteger>(std::move(product), kept, 1);
}

Result<engine::ChosenKernel> qlinear_matmul(const KernelContext& context,
                                            const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_bytes(node, 0));
  RETURN_IF_ERROR(require_bytes(node, 3));
  RETURN_IF_ERROR(require_bytes(node, 7));
  for (const size_t i : {1, 4, 6}) RETURN_IF_ERROR(require_dtype(node, i, DType::kFloat));
  ByteProduct product(0, 3);
  ASSIGN_OR_RETURN(const bool kept, product.keep_b(context, node));
  return chosen<QLinearMatMul>(std::move(product), kept, 3);
}

Result<engine::ChosenKernel> matmul_integer_to_float(const KernelContext& context,
                                                     const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_bytes(node, 0));
  RETURN_IF_ERROR(require_dtype(node, 2, DType::kFloat));
  return make_scaled<MatMulIntegerToFloat>(context, node);
}

Result<engine::ChosenKernel> dynamic_quantize_matmul(const KernelContext& context,
                                                     const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  return make_scaled<DynamicQuantizeMatMul>(context, node);
}

}  // namespace escuta::cpu
