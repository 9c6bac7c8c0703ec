#include "kernels/conv.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace escuta::kernels {
namespace {

constexpr long kBlockDepth = 1024;        // of k, between two visits of dst
constexpr long kWeightBytes = 384 << 10;  // of a block of weights, to stay in L2
constexpr long kPatchBytes = 512 << 10;   // of the panels of one task
constexpr double kTaskFlops = 1e6;        // some 10 us

long ceil_div(long a, long b) { return (a + b - 1) / b; }
long round_up(long a, long b) { return ceil_div(a, b) * b; }
long volume(const long (&sizes)[3]) { return sizes[0] * sizes[1] * sizes[2]; }

// How a convolution is cut into tasks.
struct Cut {
  bool depthwise = false;
  long group_in = 0, group_out = 0;  // channels of a group
  long k = 0;                        // group_in * kernel
  long positions = 0;                // of the output
  long columns = 0, column_blocks = 1;
  long rows = 0, row_blocks = 1;  // of the weights, by tasks
  long depth = 0;                 // of k
  long cache_rows = 0;            // of the weights, by blocks
  int threads = 1;
  size_t patches = 0;  // floats for one thread
};

Cut cut_conv(const Conv& conv, int threads, const GemmLoops<float>& loops) {
  Cut cut;
  cut.group_in = conv.in_channels / conv.groups;
  cut.group_out = conv.out_channels / conv.groups;
  cut.k = cut.group_in * volume(conv.kernel);
  cut.positions = volume(conv.output);
  const double flops = 2.0 * static_cast<double>(conv.batch * conv.out_channels) *
                       static_cast<double>(cut.positions) * static_cast<double>(cut.k);
  const long affordable = static_cast<long>(std::min(flops / kTaskFlops, 1e6)) + 1;
  cut.threads = static_cast<int>(std::min<long>(thread_pool().limit(threads), affordable));
  cut.depthwise = cut.group_in == 1 && cut.group_out == 1;
  if (cut.depthwise || cut.k == 0 || cut.positions == 0 || cut.group_out == 0) return cut;

  const long wanted = cut.threads == 1 ? 1 : std::min(4L * cut.threads, affordable);
  const long panel_bytes = cut.k * loops.nr * 4;
  const long fitting = std::clamp(kPatchBytes / panel_bytes, 2L, 32L);
  const long panels = ceil_div(cut.positions, loops.nr);
  const long each = conv.batch * conv.groups;
  const long even = std::max(1L, panels / ceil_div(wanted, each));
  const long block = std::min(fitting, even);
  cut.columns = block * loops.nr;
  cut.column_blocks = ceil_div(panels, block);
  const long row_blocks =
      std::clamp(wanted / (each * cut.column_blocks), 1L, ceil_div(cut.group_out, 2 * loops.mr));
  cut.rows = round_up(ceil_div(cut.group_out, row_blocks), loops.mr);
  cut.row_blocks = ceil_div(cut.group_out, cut.rows);
  cut.depth = round_up(ceil_div(cut.k, ceil_div(cut.k, kBlockDepth)), 8);
  cut.cache_rows = std::max(kWeightBytes / 4 / cut.depth / loops.mr, 4L) * loops.mr;
  cut.patches = static_cast<size_t>(round_up(block * cut.k * loops.nr, 16));
  return cut;
}

PatchPlan plan_of(const Conv& conv, const float* src, long channels) {
  PatchPlan plan;
  plan.src = src;
  plan.channels = channels;
  for (int i = 0; i < 3; ++i) {
    plan.input[i] = conv.input[i];
    plan.kernel[i] = conv.kernel[i];
    plan.stride[i] = conv.stride[i];
    plan.dilation[i] = conv.dilation[i];
    plan.pad_begin[i] = conv.pad_begin[i];
    plan.output[i] = conv.output[i];
  }
  return plan;
}

long tile_stride(long k, const GemmLoops<float>& loops) { return round_up(k * loops.mr, 16); }

struct Task {
  const Conv& conv;
  const KernelTable& table;
  const Cut& cut;

  void depthwise(long plane) const {
    const long channel = plane % conv.out_channels, taps = volume(conv.kernel);
    const PatchPlan plan = plan_of(conv, conv.src + plane * volume(conv.input), 1);
    table.conv.depthwise(plan, conv.weight + channel * taps,
                         conv.bias == nullptr ? 0.0f : conv.bias[channel], conv.activation,
                         conv.dst + plane * cut.positions);
  }

  // The product of some rows of one group's weights with the panels of some positions.
  void product(long image, long group, long first_row, long column, float* patches) const {
    const GemmLoops<float>& loops = table.gemm_f32;
    const PatchPlan plan = plan_of(
        conv, conv.src + (image * conv.in_channels + group * cut.group_in) * volume(conv.input),
        cut.group_in);
    const long count = std::min(cut.columns, cut.positions - column);
    const long stride = cut.k * loops.nr;
    for (long at = 0; at < count; at += loops.nr) {
      table.conv.pack_patches(plan, column + at, std::min(loops.nr, count - at),
                              patches + at / loops.nr * stride);
    }
    const long end_row = std::min(first_row + cut.rows, cut.group_out);
    for (long from = 0; from < cut.k; from += cut.depth) {
      for (long row = first_row; row < end_row; row += cut.cache_rows) {
        const long channel = group * cut.group_out + row;
        GemmBlock<float> block;
        block.m = std::min(cut.cache_rows, end_row - row);
        block.n = count;
        block.k = std::min(cut.depth, cut.k - from);
        block.b = patches + from * loops.nr;
        block.b_stride = stride;
        block.c = conv.dst + (image * conv.out_channels + channel) * cut.positions + column;
        block.c_stride = cut.positions;
        block.beta = from == 0 ? 0.0f : 1.0f;
        if (from + cut.depth >= cut.k) {
          block.row_bias = conv.bias == nullptr ? nullptr : conv.bias + channel;
          block.activation = conv.activation;
        }
        multiply(block, group, row, from);
      }
    }
  }

  void multiply(GemmBlock<float>& block, long group, long row, long from) const {
    const GemmLoops<float>& loops = table.gemm_f32;
    if (conv.packed_weight == nullptr) {
      block.a = conv.weight + (group * cut.group_out + row) * cut.k + from;
      block.a_stride = cut.k;
      loops.rows_by_panels(block);
      return;
    }
    block.a_stride = tile_stride(cut.k, loops);
    const long group_stride = ceil_div(cut.group_out, loops.mr) * block.a_stride;
    block.a = conv.packed_weight + group * group_stride + row / loops.mr * block.a_stride +
              from * loops.mr;
    loops.tiles_by_panels(block);
  }
};

}  // namespace

size_t conv_scratch_bytes(const Conv& conv, int threads, const KernelTable& table) {
  const Cut cut = cut_conv(conv, threads, table.gemm_f32);
  return cut.patches * static_cast<size_t>(cut.threads) * sizeof(float);
}

void run_conv(const Conv& conv, void* scratch, int threads, const KernelTable& table) {
  const Cut cut = cut_conv(conv, threads, table.gemm_f32);
  if (conv.batch <= 0 || cut.positions == 0 || cut.group_out == 0) return;
  const Task task{conv, table, cut};
  if (cut.depthwise) {
    thread_pool().parallel_for(conv.batch * conv.out_channels, cut.threads,
                               [&](long plane, int) { task.depthwise(plane); });
    return;
  }
  const long per_group = cut.row_blocks * cut.column_blocks;
  thread_pool().parallel_for(
      conv.batch * conv.groups * per_group, cut.threads, [&](long i, int slot) {
        const long pair = i / per_group, part = i % per_group;
        task.product(pair / conv.groups, pair % conv.groups, part % cut.row_blocks * cut.rows,
                     part / cut.row_blocks * cut.columns,
                     static_cast<float*>(scratch) + static_cast<size_t>(slot) * cut.patches);
      });
}

size_t packed_conv_bytes(const Conv& conv, const KernelTable& table) {
  const Cut cut = cut_conv(conv, 1, table.gemm_f32);
  const GemmLoops<float>& loops = table.gemm_f32;
  const long tiles = conv.groups * ceil_div(cut.group_out, loops.mr);
  return static_cast<size_t>(tiles * tile_stride(cut.k, loops)) * sizeof(float);
}

void pack_conv(const Conv& conv, float* dst, const KernelTable& table) {
  const Cut cut = cut_conv(conv, 1, table.gemm_f32);
  const GemmLoops<float>& loops = table.gemm_f32;
  const long stride = tile_stride(cut.k, loops);
  for (long group = 0; group < conv.groups; ++group) {
    loops.pack_tiles(conv.weight + group * cut.group_out * cut.k, cut.k, false, cut.group_out,
                     cut.k, dst + group * ceil_div(cut.group_out, loops.mr) * stride, stride);
  }
}

}  // namespace escuta::kernels
