// Where packed panels and tiles lie. Internal to gemm*.cc.
#pragma once

#include "kernels/table_entry.h"

namespace escuta::kernels {

inline long ceil_div(long a, long b) { return (a + b - 1) / b; }
inline long round_up(long a, long b) { return ceil_div(a, b) * b; }

// Elements from a panel, or a tile, to the next, so that each begins at a cache line.
template <typename T>
long panel_stride(long k, const GemmLoops<T>& loops) {
  return round_up(k * loops.nr, 64 / static_cast<long>(sizeof(T)));
}
template <typename T>
long tile_stride(long k, const GemmLoops<T>& loops) {
  return round_up(k * loops.mr, 64 / static_cast<long>(sizeof(T)));
}

}  // namespace escuta::kernels
