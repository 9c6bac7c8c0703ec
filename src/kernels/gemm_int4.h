// C = A B + bias where B is stored in 4 bits, by blocks with scales, and read in place: the
// operator com.microsoft.MatMulNBits with bits = 4. On the threads of thread_pool(); any thread; no
// allocation.
#pragma once

#include <cstddef>

#include "kernels/table.h"

namespace escuta::kernels {

struct GemmInt4 {
  long m = 0, n = 0, k = 0;
  const float* a = nullptr;  // [m, k], lda elements from a row to the next
  long lda = 0;
  long block = 32;  // along k; a multiple of 16
  // Column j of B, in ceil(k / block) blocks of block / 2 bytes: element 2i in the low half of
  // byte i, 2i + 1 in the high half. b [n, blocks, block / 2].
  const unsigned char* b = nullptr;
  const float* scale = nullptr;  // [n, blocks]: B = (b - zero) * scale
  // [n, ceil(blocks / 2)], two to a byte, the first in the low half; null: 8.
  const unsigned char* zero = nullptr;
  const float* bias = nullptr;  // [n] or null
  float* c = nullptr;           // [m, n], ldc elements from a row to the next
  long ldc = 0;
};

size_t gemm_int4_scratch_bytes(const GemmInt4& gemm, int threads,
                               const KernelTable& table = kernels());
void run_gemm_int4(const GemmInt4& gemm, void* scratch, int threads,
                   const KernelTable& table = kernels());

}  // namespace escuta::kernels
