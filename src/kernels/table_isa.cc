// Compiled once per ISA (see CMakeLists.txt), with ESCUTA_ISA its name. Exports only its table.
#include "kernels/attention_loop.h"
#include "kernels/conv_loop.h"
#include "kernels/gemm_block_loop.h"
#include "kernels/gemm_int4_loop.h"
#include "kernels/gemm_int8_loop.h"
#include "kernels/log_mel.h"
#include "kernels/log_mel_loop.h"
#include "kernels/rows_loop.h"
#include "kernels/table_entry.h"
#include "kernels/vector_loop.h"

#define ESCUTA_STRING_(text) #text
#define ESCUTA_STRING(text) ESCUTA_STRING_(text)
#define ESCUTA_TABLE_(isa) kTable_##isa
#define ESCUTA_TABLE(isa) ESCUTA_TABLE_(isa)

namespace escuta::kernels {

extern const KernelTable ESCUTA_TABLE(ESCUTA_ISA);
const KernelTable ESCUTA_TABLE(ESCUTA_ISA) = {
    .isa = ESCUTA_STRING(ESCUTA_ISA),
    .lanes_f64 = kLanesF64,
    .log_mel = log_mel,
    .gemm_f32 = kGemmLoops<float>,
    .gemm_f64 = kGemmLoops<double>,
    .gemm_int8 = kInt8Loops,
    .gemm_int4 = kInt4Loops,
    .conv = kConvLoops,
    .attention_rows = attention_rows,
    .vector = kVectorLoops,
    .softmax_rows = softmax_rows,
    .norm_rows = norm_rows,
};

}  // namespace escuta::kernels
