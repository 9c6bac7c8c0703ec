// Matrix products in f32 and f64: C = activation(alpha * A B + beta * C + bias), for one pair of
// matrices or for a grid of them, on the threads of thread_pool().
//
// Any thread; several products at once are fine. Nothing is allocated: the caller gives scratch of
// gemm_scratch_bytes() bytes, aligned to 64, which belongs to the product until it returns. Sums
// are in the type of the elements, in an order that depends on the sizes and the instruction set,
// but neither on the number of threads nor on timing.
//
// What is fast: B packed once by pack_b (weights), with any m. An unpacked B is read in place
// where m is at most kSkinnyRows, and else packed into scratch at each call, which pays off from
// some dozens of rows. Paper of the blocking: Goto, van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication", 2008.
#pragma once

#include <cstddef>
#include <functional>

#include "kernels/activation.h"
#include "kernels/gemm_block.h"
#include "kernels/table.h"

namespace escuta::kernels {

// Up to this many rows of A, B is streamed once from memory, without scratch.
constexpr long kSkinnyRows = 8;

template <typename T>
struct GemmOf {
  long m = 0, n = 0, k = 0;  // any may be 0; k = 0 gives activation(beta * C + bias)

  // op(A) [m, k]. Row-major, lda elements from a row to the next: of A [m, k], or of A [k, m]
  // where transpose_a.
  const T* a = nullptr;
  long lda = 0;
  bool transpose_a = false;
  // f32 only: instead of a, what pack_a made of it (weights on the left, as in convolutions).
  const T* packed_a = nullptr;

  // op(B) [k, n]: B [k, n], or B [n, k] where transpose_b. ldb as lda.
  const T* b = nullptr;
  long ldb = 0;
  bool transpose_b = false;
  // f32 only: instead of b, what pack_b made of it.
  const void* packed_b = nullptr;
  PanelType packed_type = PanelType::kOwn;

  // C [m, n], ldc elements from a row to the next. Read only where beta is not 0.
  T* c = nullptr;
  long ldc = 0;

  T alpha = 1, beta = 0;
  const T* bias = nullptr;      // [n], added to every row
  const T* row_bias = nullptr;  // [m], added to every column
  Activation activation = Activation::kNone;

  // A grid of batch[0] x batch[1] products of these sizes: matrix (i, j) is i * stride[0] +
  // j * stride[1] elements after the first. A stride of 0 shares a matrix (not C). packed_b and
  // packed_a are shared by all; biases too.
  long batch[2] = {1, 1};
  long stride_a[2] = {0, 0}, stride_b[2] = {0, 0}, stride_c[2] = {0, 0};
};
using Gemm = GemmOf<float>;
using GemmF64 = GemmOf<double>;

// Bytes of scratch for a product with these sizes, flags, grid and kinds of operands (whether
// packed_a and packed_b are null counts; nothing is read through pointers) on at most `threads`
// threads (0 or less: all of the pool).
size_t gemm_scratch_bytes(const Gemm& gemm, int threads, const KernelTable& table = kernels());
size_t gemm_scratch_bytes(const GemmF64& gemm, int threads, const KernelTable& table = kernels());

void run_gemm(const Gemm& gemm, void* scratch, int threads, const KernelTable& table = kernels());
void run_gemm(const GemmF64& gemm, void* scratch, int threads,
              const KernelTable& table = kernels());

// --- Packing -------------------------------------------------------------------------------------
// A packed matrix is for the table that packed it. dst is aligned to 64 bytes.

size_t packed_b_bytes(long k, long n, const KernelTable& table = kernels());
// op(B) [k, n] as in Gemm.
void pack_b(const float* b, long ldb, bool transpose_b, long k, long n, float* dst,
            const KernelTable& table = kernels());

// The 16-bit type that holds all n numbers exactly, where there is one and this instruction set
// reads it; else kOwn.
PanelType panel_type_for(const float* numbers, long n, const KernelTable& table = kernels());
size_t packed_b_bytes_as(PanelType type, long k, long n, const KernelTable& table = kernels());
// Rows [begin, end) of `b`, as it is stored, are not read again. On the calling thread.
using RowsRead = std::function<void(long begin, long end)>;
// The same packed in a 16-bit type: half the bytes. False, with anything in dst, where a number is
// none of that type; kOwn holds them all, kInt8 rounds them.
bool pack_b_as(PanelType type, const float* b, long ldb, bool transpose_b, long k, long n,
               void* dst, const RowsRead& rows_read = nullptr,
               const KernelTable& table = kernels());

size_t packed_a_bytes(long m, long k, const KernelTable& table = kernels());
// op(A) [m, k] as in Gemm.
void pack_a(const float* a, long lda, bool transpose_a, long m, long k, float* dst,
            const KernelTable& table = kernels());

}  // namespace escuta::kernels
