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
// Bytes from a panel of the type to the next, and to row `from` in one: of codes to a block.
template <typename T>
long panel_bytes(PanelType type, long k, const GemmLoops<T>& loops) {
  if (type == PanelType::kInt8) {
    return round_up(ceil_div(k, kScaledDepth) * int8_block_bytes(loops.nr), 64);
  }
  return panel_stride(k, loops) * (type == PanelType::kOwn ? static_cast<long>(sizeof(T)) : 2);
}
template <typename T>
long row_bytes(PanelType type, long from, const GemmLoops<T>& loops) {
  if (type == PanelType::kInt8) return from / kScaledDepth * int8_block_bytes(loops.nr);
  return from * loops.nr * (type == PanelType::kOwn ? static_cast<long>(sizeof(T)) : 2);
}
template <typename T>
long tile_stride(long k, const GemmLoops<T>& loops) {
  return round_up(k * loops.mr, 64 / static_cast<long>(sizeof(T)));
}

}  // namespace escuta::kernels
