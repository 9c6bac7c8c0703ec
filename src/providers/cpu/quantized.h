// What the kernels of 8-bit tensors share: bytes as integers, products of their matrices.
#pragma once

#include <memory>

#include "kernels/gemm_int8.h"
#include "ops/quantized_product.h"
#include "providers/cpu/kernels.h"

namespace escuta::cpu {

inline bool is_byte(DType dtype) { return dtype == DType::kInt8 || dtype == DType::kUint8; }

// The refusal of an input that is not known to be of 8-bit integers.
Status require_bytes(const ops::NodeInfo& node, size_t i);

// The elements of input i, bytes of `dtype`, as integers in scratch; nullptr where it is absent.
Result<const int32_t*> widened_bytes(ops::Call& call, size_t i, DType dtype);

// The products of two stacks of byte matrices as numpy.matmul has them, over kernels/gemm_int8.
class ByteProduct {
 public:
  // One of the products: of matrix `left` of A and `right` of B, number `at` of the result's. Give
  // `gemm` a destination, then multiply().
  struct Part {
    int64_t at, left, right;
    kernels::GemmInt8 gemm;
    std::byte* scratch;
    int threads;
    void multiply() const { kernels::run_gemm_int8(gemm, scratch, threads); }
  };

  // a, b: the numbers of the inputs.
  ByteProduct(size_t a, size_t b) : a_(a), b_(b) {}

  // Packs B, once, where it is a constant matrix of bytes. Whether it was.
  Result<bool> keep_b(const KernelContext& context, const ops::NodeInfo& node);

  Result<ops::MatMulShape> shape(const ops::Call& call) const;

  // function(Part&) for each product. a_zero, b_zero: the inputs of zero points: one, one for each
  // row of A (column of B), or that for each of its matrices. Where A may be taken as one matrix of
  // many rows, and `whole` allows it, there is but one product.
  template <typename F>
  Status for_each(ops::Call& call, const ops::MatMulShape& plan, size_t a_zero, size_t b_zero,
                  bool whole, F&& function) const {
    ASSIGN_OR_RETURN(Sides sides, prepare(call, plan, a_zero, b_zero, whole));
    if (sides.whole) {
      Part part = part_of(call, sides, 0, 0, 0);
      function(part);
      return {};
    }
    Status status;
    plan.batch.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count && status.ok(); ++i) {
        Part part = part_of(call, sides, at + i, src[0] + i * steps[0], src[1] + i * steps[1]);
        function(part);
        status = call.check_cancelled();
      }
    });
    return status;
  }

  const void* packed_b() const { return packed_b_->data(); }  // after keep_b() said true
  const Shape& b_shape(const ops::Call& call) const {
    return packed_b_ != nullptr ? kept_shape_ : call.shape(b_);
  }
  DType b_dtype(const ops::Call& call) const {
    return packed_b_ != nullptr ? kept_dtype_ : call.dtype(b_);
  }

 private:
  struct Zeros {
    const int32_t* values = nullptr;
    ops::LineSteps steps;
    const int32_t* of(int64_t matrix) const {
      return values == nullptr ? nullptr : values + steps.at(matrix, 0);
    }
  };
  struct Sides {
    kernels::GemmInt8 gemm;
    Zeros a_zeros, b_zeros;
    int64_t a_size = 0, b_size = 0;
    bool whole = false;
    std::byte* scratch = nullptr;
  };
  Result<Sides> prepare(ops::Call& call, const ops::MatMulShape& plan, size_t a_zero, size_t b_zero,
                        bool whole) const;
  Part part_of(const ops::Call& call, const Sides& sides, int64_t at, int64_t left,
               int64_t right) const;

  size_t a_, b_;
  Shape kept_shape_;
  DType kept_dtype_ = DType::kUndefined;
  std::shared_ptr<const Buffer> packed_b_;  // null: B is an input
};

}  // namespace escuta::cpu
