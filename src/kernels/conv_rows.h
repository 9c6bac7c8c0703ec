// Convolutions in f32 with few output positions, such as those of one frame of sound: patches as
// rows, times weights as packed columns. Where conv.h's way would leave most columns of a panel
// empty.
//
// Any thread; nothing is allocated; scratch as in conv.h.
#pragma once

#include "kernels/conv.h"

namespace escuta::kernels {

// Whether it is the faster way. Groups are not taken.
bool conv_rows_suits(const Conv& conv, const KernelTable& table = kernels());

// conv.packed_weight is what pack_b (gemm.h) made of the weights as the transpose of
// [out_channels, in_channels * kernel].
size_t conv_rows_scratch_bytes(const Conv& conv, int threads, const KernelTable& table = kernels());
void run_conv_rows(const Conv& conv, void* scratch, int threads,
                   const KernelTable& table = kernels());

}  // namespace escuta::kernels
