#include "kernels/conv_int8.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/gemm_int8.h"
#include "kernels/table_entry.h"
#include "kernels/transpose_bytes.h"

namespace escuta::kernels {
namespace {

constexpr long kPatchBytes = 192 << 10;  // of a block of patches, to stay in L2
constexpr long kBlockRows = 512;
constexpr long kLine = 64;
constexpr long kExactTaps = 257;  // 255 * 255 * 257 < 2^24
constexpr double kTaskOps = 4e6;  // some 10 us

long ceil_div(long a, long b) { return (a + b - 1) / b; }
long round_up(long a, long b) { return ceil_div(a, b) * b; }
long volume(const long (&sizes)[3]) { return sizes[0] * sizes[1] * sizes[2]; }

// How a convolution is cut: blocks of output positions, each a product of its own.
struct Cut {
  bool depthwise = false;
  bool in_place = false;  // the patch of a position is one run of bytes of the image
  long group_in = 0, group_out = 0, taps = 0, depth = 0, positions = 0;
  long extent[3] = {1, 1, 1};  // of the image, padding included
  long rows = 0, blocks = 1;   // positions of a block
  int threads = 1;
  bool inside = false;  // threads share a product, instead of having one each
  long image_bytes = 0, slot_bytes = 0;
  long patch_bytes = 0, sum_bytes = 0;  // in a slot, before gemm_int8's own
};

GemmInt8 product_of(const Cut& cut, long rows) {
  GemmInt8 gemm;
  gemm.m = rows;
  gemm.n = cut.group_out;
  gemm.k = cut.depth;
  gemm.packed_b = &gemm;  // not read for sizes
  return gemm;
}

Cut cut_conv(const ConvInt8& conv, int threads, const KernelTable& table) {
  Cut cut;
  cut.group_in = conv.in_channels / conv.groups;
  cut.group_out = conv.out_channels / conv.groups;
  cut.taps = volume(conv.kernel);
  cut.depth = cut.group_in * cut.taps;
  cut.positions = volume(conv.output);
  cut.depthwise = conv.groups > 1 && cut.group_in == 1 && cut.group_out == 1;
  const double ops = 2.0 * static_cast<double>(conv.batch * conv.out_channels) *
                     static_cast<double>(cut.positions) * static_cast<double>(cut.depth);
  const long affordable = static_cast<long>(std::min(ops / kTaskOps, 1e6)) + 1;
  cut.threads = static_cast<int>(std::min<long>(thread_pool().limit(threads), affordable));
  if (cut.positions == 0 || cut.group_out == 0) return cut;
  if (cut.depthwise) {
    cut.slot_bytes = round_up((volume(conv.input) + cut.positions + cut.taps) * 4 + kLine, kLine);
    return cut;
  }
  for (int i = 0; i < 3; ++i) {
    cut.extent[i] =
        (conv.output[i] - 1) * conv.stride[i] + (conv.kernel[i] - 1) * conv.dilation[i] + 1;
  }
  cut.in_place = conv.groups == 1 && conv.dilation[2] == 1 && conv.kernel[0] == 1 &&
                 conv.kernel[1] == 1 && conv.output[0] == 1 && conv.output[1] == 1;
  const long fitting = std::clamp(kPatchBytes / cut.depth, 48L, kBlockRows);
  const long even = ceil_div(cut.positions, cut.threads == 1 ? 1 : 2L * cut.threads);
  cut.rows = std::min(fitting, std::max(even, 48L));
  cut.rows = std::min(round_up(cut.rows, table.gemm_int8.mr), cut.positions);
  cut.blocks = ceil_div(cut.positions, cut.rows);
  cut.inside = cut.threads > 1 && cut.blocks * conv.groups < cut.threads;
  cut.image_bytes = round_up(volume(cut.extent) * conv.in_channels + kLine, kLine);
  cut.patch_bytes = cut.in_place ? 0 : round_up(cut.rows * cut.depth, kLine);
  cut.sum_bytes = round_up(cut.rows * cut.group_out * 4, kLine);
  const GemmInt8 gemm = product_of(cut, cut.rows);
  const long more = conv.dst_u8 == nullptr ? 0 : cut.sum_bytes + round_up(cut.rows * 4, kLine);
  cut.slot_bytes =
      cut.patch_bytes + cut.sum_bytes + more +
      static_cast<long>(gemm_int8_scratch_bytes(gemm, cut.inside ? threads : 1, table));
  cut.slot_bytes = round_up(cut.slot_bytes, kLine);
  return cut;
}

struct Task {
  const ConvInt8& conv;
  const KernelTable& table;
  const Cut& cut;
  unsigned char* image;  // [extent, in_channels]

  const unsigned char* source(long index) const {
    return static_cast<const unsigned char*>(conv.src) +
           index * conv.in_channels * volume(conv.input);
  }

  // Positions [from, to) of row `row` = (d, h) of the padded image.
  void turn(const unsigned char* src, long row, long from, long to) const {
    const long channels = conv.in_channels, size = volume(conv.input);
    const long d = row / cut.extent[1] - conv.pad_begin[0];
    const long h = row % cut.extent[1] - conv.pad_begin[1];
    unsigned char* dst = image + row * cut.extent[2] * channels;
    const auto fill = [&](long begin, long end) {
      if (begin < end) {
        std::memset(dst + begin * channels, static_cast<unsigned char>(conv.src_zero),
                    static_cast<size_t>((end - begin) * channels));
      }
    };
    const bool inside = d >= 0 && d < conv.input[0] && h >= 0 && h < conv.input[1];
    const long begin = inside ? std::clamp(conv.pad_begin[2], from, to) : to;
    const long end = inside ? std::clamp(conv.pad_begin[2] + conv.input[2], begin, to) : to;
    fill(from, begin);
    if (begin < end) {
      const long at = (d * conv.input[1] + h) * conv.input[2] + begin - conv.pad_begin[2];
      transpose_bytes(src + at, size, channels, end - begin, dst + begin * channels, channels);
    }
    fill(end, to);
  }

  // The patches of `count` positions from `first` on, [count, kd, kh, kw, group_in].
  void gather(long group, long first, long count, unsigned char* dst) const {
    const long channels = conv.in_channels;
    const bool runs = conv.groups == 1 && conv.dilation[2] == 1;
    const long copies = runs ? 1 : conv.kernel[2];
    const long bytes = runs ? conv.kernel[2] * channels : cut.group_in;
    for (long p = first; p < first + count; ++p) {
      const long w = p % conv.output[2] * conv.stride[2];
      const long h = p / conv.output[2] % conv.output[1] * conv.stride[1];
      const long d = p / conv.output[2] / conv.output[1] * conv.stride[0];
      for (long kd = 0; kd < conv.kernel[0]; ++kd) {
        for (long kh = 0; kh < conv.kernel[1]; ++kh) {
          const long row = (d + kd * conv.dilation[0]) * cut.extent[1] + h + kh * conv.dilation[1];
          const unsigned char* src =
              image + (row * cut.extent[2] + w) * channels + group * cut.group_in;
          for (long i = 0; i < copies; ++i, dst += bytes) {
            std::memcpy(dst, src + i * conv.dilation[2] * channels, static_cast<size_t>(bytes));
          }
        }
      }
    }
  }

  void product(long index, long group, long first, char* slot, int threads) const {
    const long count = std::min(cut.rows, cut.positions - first);
    GemmInt8 gemm = product_of(cut, count);
    auto* patches = reinterpret_cast<unsigned char*>(slot);
    auto* sums = reinterpret_cast<int32_t*>(slot + cut.patch_bytes);
    char* rest = slot + cut.patch_bytes + cut.sum_bytes;
    if (cut.in_place) {
      gemm.a = image + first * conv.stride[2] * conv.in_channels;
      gemm.lda = conv.stride[2] * conv.in_channels;
    } else {
      gather(group, first, count, patches);
      gemm.a = patches;
      gemm.lda = cut.depth;
    }
    gemm.a_signed = conv.src_signed;
    gemm.a_zero = &conv.src_zero;
    gemm.packed_b = static_cast<const char*>(conv.packed_weight) +
                    group * static_cast<long>(packed_b_int8_bytes(cut.depth, cut.group_out, table));
    gemm.b_zero = conv.weight_zero;
    gemm.b_zero_per_column = conv.weight_zero_per_channel;
    if (gemm.b_zero != nullptr && gemm.b_zero_per_column) gemm.b_zero += group * cut.group_out;
    gemm.c = sums;
    gemm.ldc = cut.group_out;
    const long channel = group * cut.group_out;
    const long at = (index * conv.out_channels + channel) * cut.positions + first;
    if (conv.dst_u8 == nullptr) {
      run_gemm_int8(gemm, rest, threads, table);
      // Both are of four bytes.
      void* dst = conv.dst != nullptr ? static_cast<void*>(conv.dst + at) : conv.dst_f32 + at;
      table.vector.transpose(sums, cut.group_out, count, cut.group_out, dst, cut.positions);
      for (long i = 0; i < cut.group_out; ++i) finish(channel + i, at + i * cut.positions, count);
      return;
    }
    auto* turned = reinterpret_cast<int32_t*>(rest);
    auto* line = reinterpret_cast<float*>(rest + cut.sum_bytes);
    run_gemm_int8(gemm, rest + cut.sum_bytes + round_up(cut.rows * 4, kLine), threads, table);
    table.vector.transpose(sums, cut.group_out, count, cut.group_out, turned, count);
    for (long i = 0; i < cut.group_out; ++i) {
      requantize(channel + i, turned + i * count, line, at + i * cut.positions, count);
    }
  }

  int32_t bias_of(long channel) const { return conv.bias == nullptr ? 0 : conv.bias[channel]; }
  static int32_t add(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
  }

  // Sums that are in dst or dst_f32 at `at`.
  void finish(long channel, long at, long count) const {
    const int32_t bias = bias_of(channel);
    if (conv.dst != nullptr) {
      if (bias == 0) return;
      for (long i = at; i < at + count; ++i) conv.dst[i] = add(conv.dst[i], bias);
      return;
    }
    const float factor = conv.factor[channel];
    const float last = conv.bias_f32 == nullptr ? 0 : conv.bias_f32[channel];
    float* dst = conv.dst_f32 + at;
    for (long i = 0; i < count; ++i) {
      int32_t sum;
      std::memcpy(&sum, dst + i, sizeof(sum));
      dst[i] = static_cast<float>(add(sum, bias)) * factor + last;
    }
  }

  void requantize(long channel, const int32_t* sums, float* line, long at, long count) const {
    const int32_t bias = bias_of(channel);
    const float factor = conv.factor[channel];
    for (long i = 0; i < count; ++i) line[i] = static_cast<float>(add(sums[i], bias)) * factor;
    table.vector.quantize(line, 1.0f, conv.zero, conv.low, conv.high, conv.dst_u8 + at, count);
  }

  // One plane of a depthwise convolution.
  void depthwise(long plane, char* slot) const {
    const long channel = plane % conv.out_channels, size = volume(conv.input);
    auto* src = reinterpret_cast<float*>(slot);
    float* dst = src + size;
    float* weight = dst + cut.positions;
    const auto* bytes = static_cast<const unsigned char*>(conv.src) + plane * size;
    const auto zero = static_cast<float>(conv.src_zero);
    if (conv.src_signed) {
      for (long i = 0; i < size; ++i)
        src[i] = static_cast<float>(static_cast<signed char>(bytes[i])) - zero;
    } else {
      for (long i = 0; i < size; ++i) src[i] = static_cast<float>(bytes[i]) - zero;
    }
    const auto* taps = static_cast<const int16_t*>(conv.packed_weight) + channel * cut.taps;
    const int32_t weight_zero = conv.weight_zero == nullptr
                                    ? 0
                                    : conv.weight_zero[conv.weight_zero_per_channel ? channel : 0];
    for (long i = 0; i < cut.taps; ++i) weight[i] = static_cast<float>(taps[i] - weight_zero);
    PatchPlan plan;
    plan.src = src;
    plan.channels = 1;
    for (int i = 0; i < 3; ++i) {
      plan.input[i] = conv.input[i];
      plan.kernel[i] = conv.kernel[i];
      plan.stride[i] = conv.stride[i];
      plan.dilation[i] = conv.dilation[i];
      plan.pad_begin[i] = conv.pad_begin[i];
      plan.output[i] = conv.output[i];
    }
    table.conv.depthwise(plan, weight, 0, Activation::kNone, dst);
    store_depthwise(channel, plane * cut.positions, dst);
  }

  void store_depthwise(long channel, long at, float* sums) const {
    const long count = cut.positions;
    if (conv.dst != nullptr) {
      for (long i = 0; i < count; ++i) {
        conv.dst[at + i] = add(static_cast<int32_t>(sums[i]), bias_of(channel));
      }
      return;
    }
    const int32_t bias = bias_of(channel);
    const float factor = conv.factor[channel];
    const float last = conv.bias_f32 == nullptr ? 0 : conv.bias_f32[channel];
    float* dst = conv.dst_f32 != nullptr ? conv.dst_f32 + at : sums;
    for (long i = 0; i < count; ++i) {
      dst[i] = static_cast<float>(add(static_cast<int32_t>(sums[i]), bias)) * factor + last;
    }
    if (conv.dst_u8 == nullptr) return;
    table.vector.quantize(dst, 1.0f, conv.zero, conv.low, conv.high, conv.dst_u8 + at, count);
  }
};

}  // namespace

bool conv_int8_takes(const ConvInt8& conv) {
  const bool depthwise =
      conv.groups > 1 && conv.in_channels == conv.groups && conv.out_channels == conv.groups;
  return !depthwise || volume(conv.kernel) <= kExactTaps;
}

size_t conv_int8_scratch_bytes(const ConvInt8& conv, int threads, const KernelTable& table) {
  const Cut cut = cut_conv(conv, threads, table);
  if (cut.positions == 0 || cut.group_out == 0) return 0;
  return static_cast<size_t>(cut.image_bytes + cut.slot_bytes * (cut.inside ? 1 : cut.threads));
}

void run_conv_int8(const ConvInt8& conv, void* scratch, int threads, const KernelTable& table) {
  const Cut cut = cut_conv(conv, threads, table);
  if (cut.positions == 0 || cut.group_out == 0) return;
  char* slots = static_cast<char*>(scratch) + cut.image_bytes;
  const Task task = {conv, table, cut, static_cast<unsigned char*>(scratch)};
  if (cut.depthwise) {
    thread_pool().parallel_for(conv.batch * conv.out_channels, cut.threads, [&](long i, int slot) {
      task.depthwise(i, slots + slot * cut.slot_bytes);
    });
    return;
  }
  constexpr long kPositions = 256;
  const long stretches = ceil_div(cut.extent[2], kPositions);
  for (long index = 0; index < conv.batch; ++index) {
    const unsigned char* src = task.source(index);
    const int helpers = cut.image_bytes < (64 << 10) ? 1 : cut.threads;
    thread_pool().parallel_for(
        cut.extent[0] * cut.extent[1] * stretches, helpers, [&](long i, int) {
          const long from = i % stretches * kPositions;
          task.turn(src, i / stretches, from, std::min(from + kPositions, cut.extent[2]));
        });
    thread_pool().parallel_for(
        conv.groups * cut.blocks, cut.inside ? 1 : cut.threads, [&](long i, int slot) {
          task.product(index, i / cut.blocks, i % cut.blocks * cut.rows,
                       slots + slot * cut.slot_bytes, cut.inside ? threads : 1);
        });
  }
}

size_t packed_conv_int8_bytes(const ConvInt8& conv, const KernelTable& table) {
  const Cut cut = cut_conv(conv, 1, table);
  if (cut.depthwise) return static_cast<size_t>(conv.out_channels * cut.taps) * sizeof(int16_t);
  return static_cast<size_t>(conv.groups) * packed_b_int8_bytes(cut.depth, cut.group_out, table);
}

void pack_conv_int8(const ConvInt8& conv, const void* weight, bool weight_signed, void* dst,
                    const KernelTable& table) {
  const Cut cut = cut_conv(conv, 1, table);
  const auto* src = static_cast<const unsigned char*>(weight);
  if (cut.depthwise) {
    auto* taps = static_cast<int16_t*>(dst);
    for (long i = 0; i < conv.out_channels * cut.taps; ++i) {
      taps[i] = weight_signed ? static_cast<int16_t>(static_cast<signed char>(src[i]))
                              : static_cast<int16_t>(src[i]);
    }
    return;
  }
  // Taps first, then channels, as patches are.
  std::vector<unsigned char> turned(static_cast<size_t>(cut.group_out * cut.depth));
  const auto bytes = static_cast<long>(packed_b_int8_bytes(cut.depth, cut.group_out, table));
  for (long group = 0; group < conv.groups; ++group) {
    for (long m = 0; m < cut.group_out; ++m) {
      transpose_bytes(src + (group * cut.group_out + m) * cut.depth, cut.taps, cut.group_in,
                      cut.taps, turned.data() + m * cut.depth, cut.group_in);
    }
    pack_b_int8(turned.data(), cut.depth, true, weight_signed, cut.depth, cut.group_out,
                static_cast<char*>(dst) + group * bytes, table);
  }
}

}  // namespace escuta::kernels
