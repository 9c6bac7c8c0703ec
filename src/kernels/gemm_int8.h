// Products of 8-bit integer matrices, exact in i32: C = (A - a_zero) (B - b_zero), optionally
// scaled to f32, on the threads of thread_pool().
//
// Any thread; no allocation: scratch as in gemm.h. Sums are exact while they fit i32 (k up to
// 33,000 at the extremes of u8) and wrap beyond. Either side may be u8 or s8.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation.h"
#include "kernels/table.h"

namespace escuta::kernels {

struct GemmInt8 {
  long m = 0, n = 0, k = 0;
  const void* a = nullptr;  // [m, k], lda bytes from a row to the next
  long lda = 0;
  bool a_signed = false;            // s8, else u8
  const int32_t* a_zero = nullptr;  // null: 0
  bool a_zero_per_row = false;      // [m], else [1]

  const void* b = nullptr;  // [k, n], or [n, k] where transpose_b; ldb bytes between rows
  long ldb = 0;
  bool transpose_b = false;
  const void* packed_b = nullptr;  // instead of b: what pack_b_int8 made of it
  bool b_signed = true;            // of b; packed_b knows
  const int32_t* b_zero = nullptr;
  bool b_zero_per_column = false;  // [n], else [1]

  int32_t* c = nullptr;    // [m, n]; or null, and then:
  float* c_f32 = nullptr;  // [m, n] = activation(C * a_scale * b_scale + bias)
  long ldc = 0;
  const float* a_scale = nullptr;   // null: 1
  bool a_scale_per_row = false;     // [m], else [1]
  const float* b_scale = nullptr;   // null: 1
  bool b_scale_per_column = false;  // [n], else [1]
  const float* bias = nullptr;      // [n] or null
  Activation activation = Activation::kNone;
};

size_t gemm_int8_scratch_bytes(const GemmInt8& gemm, int threads,
                               const KernelTable& table = kernels());
void run_gemm_int8(const GemmInt8& gemm, void* scratch, int threads,
                   const KernelTable& table = kernels());

// dst is aligned to 64 bytes; for the table that packed it.
size_t packed_b_int8_bytes(long k, long n, const KernelTable& table = kernels());
void pack_b_int8(const void* b, long ldb, bool transpose_b, bool b_signed, long k, long n,
                 void* dst, const KernelTable& table = kernels());

}  // namespace escuta::kernels
