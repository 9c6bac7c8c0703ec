// KernelTable itself, without std, for the ISA objects (see simd/simd.h).
#pragma once

#include "kernels/attention_rows.h"
#include "kernels/conv_patches.h"
#include "kernels/gemm_block.h"
#include "kernels/gemm_int4_block.h"
#include "kernels/gemm_int8_block.h"
#include "kernels/log_mel.h"
#include "kernels/rows.h"
#include "kernels/vector.h"

namespace escuta::kernels {

// The loops of one instruction set; every function may be called from any thread.
struct KernelTable {
  const char* isa;  // "generic", "avx2", ...: the names of table.h
  int lanes_f64;    // for log_mel_scratch
  LogMelKernel* log_mel;
  GemmLoops<float> gemm_f32;  // gemm.h is how to call these
  GemmLoops<double> gemm_f64;
  Int8Loops gemm_int8;                  // gemm_int8.h is how to call these
  Int4Loops gemm_int4;                  // gemm_int4.h is how to call these
  ConvLoops conv;                       // conv.h is how to call these
  AttentionRowsKernel* attention_rows;  // for attention.h
  VectorLoops vector;
  SoftmaxKernel* softmax_rows;
  NormKernel* norm_rows;
};

}  // namespace escuta::kernels
