#include "kernels/gemm_int4.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace escuta::kernels {
namespace {

constexpr double kTaskOps = 2e6;  // some 10 us

long ceil_div(long a, long b) { return (a + b - 1) / b; }

struct Sizes {
  long blocks, row;  // of k; floats of a split row
};
Sizes sizes_of(const GemmInt4& g) {
  const long blocks = ceil_div(g.k, g.block);
  return {blocks, blocks * g.block};
}

}  // namespace

size_t gemm_int4_scratch_bytes(const GemmInt4& gemm, int, const KernelTable&) {
  const Sizes sizes = sizes_of(gemm);
  return static_cast<size_t>(gemm.m * (sizes.row + sizes.blocks)) * sizeof(float);
}

void run_gemm_int4(const GemmInt4& gemm, void* scratch, int threads, const KernelTable& table) {
  if (gemm.m <= 0 || gemm.n <= 0) return;
  const Sizes sizes = sizes_of(gemm);
  float* split = static_cast<float*>(scratch);
  float* sums = split + gemm.m * sizes.row;
  for (long r = 0; r < gemm.m; ++r) {
    table.gemm_int4.split(gemm.a + r * gemm.lda, gemm.k, gemm.block, split + r * sizes.row,
                          sums + r * sizes.blocks);
  }
  const double ops = 2.0 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) *
                     static_cast<double>(sizes.row);
  const long affordable = static_cast<long>(std::min(ops / kTaskOps, 1e6)) + 1;
  const int limit = static_cast<int>(std::min<long>(thread_pool().limit(threads), affordable));
  const long columns = std::max(ceil_div(gemm.n, std::min(4L * limit, affordable)), 16L);
  thread_pool().parallel_for(ceil_div(gemm.n, columns), limit, [&](long i, int) {
    const long column = i * columns;
    Int4Block block;
    block.m = gemm.m;
    block.n = std::min(columns, gemm.n - column);
    block.blocks = sizes.blocks;
    block.block = gemm.block;
    block.a = split;
    block.a_sums = sums;
    block.b = gemm.b + column * (sizes.row / 2);
    block.scale = gemm.scale + column * sizes.blocks;
    if (gemm.zero != nullptr) block.zero = gemm.zero + column * ((sizes.blocks + 1) / 2);
    if (gemm.bias != nullptr) block.bias = gemm.bias + column;
    block.c = gemm.c + column;
    block.c_stride = gemm.ldc;
    table.gemm_int4.multiply(block);
  });
}

}  // namespace escuta::kernels
