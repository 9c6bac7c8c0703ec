#include "providers/cpu/quantized.h"

#include <algorithm>

namespace escuta::cpu {

Status require_bytes(const ops::NodeInfo& node, size_t i) {
  if (is_byte(node.dtype(i))) return {};
  return unimplemented(
      "expected input {} to be of 8-bit integers, found {}", i,
      node.dtype(i) == DType::kUndefined ? "an unknown type" : dtype_name(node.dtype(i)));
}

Result<const int32_t*> widened_bytes(ops::Call& call, size_t i, DType dtype) {
  if (!call.has(i)) return nullptr;
  if (call.dtype(i) != dtype) {
    return invalid_argument("expected zero points of type {} in input {}, found {}",
                            dtype_name(dtype), i, dtype_name(call.dtype(i)));
  }
  const int64_t count = call.input(i).count();
  ASSIGN_OR_RETURN(int32_t * dst, call.scratch_of<int32_t>(count));
  if (dtype == DType::kInt8) {
    const auto* src = reinterpret_cast<const int8_t*>(call.input(i).bytes());
    std::copy(src, src + count, dst);
  } else {
    const auto* src = reinterpret_cast<const uint8_t*>(call.input(i).bytes());
    std::copy(src, src + count, dst);
  }
  return dst;
}

Result<bool> ByteProduct::keep_b(const KernelContext& context, const ops::NodeInfo& node) {
  const graph::ConstantPtr& b = node.input(b_).constant;
  if (b == nullptr || b->shape.rank() != 2 || b->shape.count() == 0 || !is_byte(b->dtype)) {
    return false;
  }
  kept_shape_ = b->shape;
  kept_dtype_ = b->dtype;
  const int64_t k = b->shape[0], n = b->shape[1];
  const bool is_signed = b->dtype == DType::kInt8;
  ASSIGN_OR_RETURN(packed_b_,
                   context.weights->get(context.model, *b, fmt::format("gemm_int8_b:{}:{}", k, n),
                                        kernels::packed_b_int8_bytes(k, n),
                                        [&](const std::byte* src, std::byte* dst) {
                                          kernels::pack_b_int8(src, n, false, is_signed, k, n, dst);
                                        }));
  return true;
}

Result<ops::MatMulShape> ByteProduct::shape(const ops::Call& call) const {
  if (!is_byte(call.dtype(a_)) || !is_byte(b_dtype(call))) {
    return unimplemented("expected int8 or uint8, found {} and {}", dtype_name(call.dtype(a_)),
                         dtype_name(b_dtype(call)));
  }
  return ops::MatMulShape::create(call.shape(a_), b_shape(call));
}

Result<ByteProduct::Sides> ByteProduct::prepare(ops::Call& call, const ops::MatMulShape& plan,
                                                size_t a_zero, size_t b_zero, bool whole) const {
  Sides sides;
  sides.a_size = plan.rows * plan.depth;
  sides.b_size = plan.depth * plan.columns;
  const auto matrices = [](const Shape& shape, int64_t size) {
    return size == 0 ? 1 : shape.count() / size;
  };
  const auto read = [&](size_t i, DType dtype, int64_t lines, int64_t count) -> Result<Zeros> {
    Zeros zeros;
    ASSIGN_OR_RETURN(zeros.values, widened_bytes(call, i, dtype));
    if (zeros.values == nullptr) return zeros;
    ASSIGN_OR_RETURN(zeros.steps, ops::LineSteps::create(call.shape(i), lines, count));
    return zeros;
  };
  const int64_t a_count = matrices(call.shape(a_), sides.a_size);
  const int64_t b_count = matrices(b_shape(call), sides.b_size);
  ASSIGN_OR_RETURN(sides.a_zeros, read(a_zero, call.dtype(a_), plan.rows, a_count));
  ASSIGN_OR_RETURN(sides.b_zeros, read(b_zero, b_dtype(call), plan.columns, b_count));
  kernels::GemmInt8& gemm = sides.gemm;
  gemm.m = plan.rows;
  gemm.n = plan.columns;
  gemm.k = plan.depth;
  gemm.lda = plan.depth;
  gemm.ldb = gemm.ldc = plan.columns;
  gemm.a_signed = call.dtype(a_) == DType::kInt8;
  gemm.b_signed = b_dtype(call) == DType::kInt8;
  gemm.a_zero_per_row = sides.a_zeros.steps.line != 0;
  gemm.b_zero_per_column = sides.b_zeros.steps.line != 0;
  if (packed_b_ != nullptr) gemm.packed_b = packed_b_->data();
  sides.whole = whole && b_shape(call).rank() == 2 && !gemm.a_zero_per_row;
  if (sides.whole) gemm.m *= a_count;
  ASSIGN_OR_RETURN(sides.scratch,
                   call.scratch(kernels::gemm_int8_scratch_bytes(gemm, call.threads())));
  return sides;
}

ByteProduct::Part ByteProduct::part_of(const ops::Call& call, const Sides& sides, int64_t at,
                                       int64_t left, int64_t right) const {
  Part part{at, left, right, sides.gemm, sides.scratch, call.threads()};
  part.gemm.a = call.input(a_).bytes() + left * sides.a_size;
  if (packed_b_ == nullptr) part.gemm.b = call.input(b_).bytes() + right * sides.b_size;
  part.gemm.a_zero = sides.a_zeros.of(left);
  part.gemm.b_zero = sides.b_zeros.of(right);
  return part;
}

}  // namespace escuta::cpu
