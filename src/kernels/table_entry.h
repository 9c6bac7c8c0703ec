// KernelTable itself, without std, for the ISA objects (see simd/simd.h).
#pragma once

#include "kernels/log_mel.h"

namespace escuta::kernels {

// The loops of one instruction set; every function may be called from any thread.
struct KernelTable {
  const char* isa;  // "generic", "avx2", "avx512"
  int lanes_f64;    // for log_mel_scratch
  LogMelKernel* log_mel;
};

}  // namespace escuta::kernels
