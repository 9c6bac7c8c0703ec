// Convolutions of every table, against the definition in f64.
#include "kernels/conv.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/conv_rows.h"
#include "kernels/gemm.h"
#include "kernels/test_data.h"

namespace escuta::kernels {
namespace {

struct Sizes {
  const char* name;
  Conv conv;
  std::array<long, 3> pad_end = {0, 0, 0};
};

const std::vector<Sizes>& all_sizes() {
  static const std::vector<Sizes> sizes = {
      {"Whisper's first, cut",
       {.in_channels = 10,
        .out_channels = 50,
        .input = {1, 1, 301},
        .kernel = {1, 1, 3},
        .pad_begin = {0, 0, 1}},
       {0, 0, 1}},
      {"Whisper's second, cut",
       {.in_channels = 37,
        .out_channels = 20,
        .input = {1, 1, 301},
        .kernel = {1, 1, 3},
        .stride = {1, 1, 2},
        .pad_begin = {0, 0, 1}},
       {0, 0, 1}},
      {"deep", {.in_channels = 400, .out_channels = 13, .input = {1, 1, 40}, .kernel = {1, 1, 3}}},
      {"images",
       {.batch = 2,
        .in_channels = 5,
        .out_channels = 7,
        .input = {1, 9, 11},
        .kernel = {1, 3, 2},
        .stride = {1, 2, 1},
        .pad_begin = {0, 1, 1}},
       {0, 0, 1}},
      {"one by one", {.in_channels = 33, .out_channels = 65, .input = {1, 6, 7}}},
      {"volumes",
       {.batch = 2,
        .in_channels = 3,
        .out_channels = 4,
        .input = {5, 4, 6},
        .kernel = {2, 3, 3},
        .stride = {2, 1, 3},
        .dilation = {1, 1, 2},
        .pad_begin = {1, 1, 2}},
       {1, 1, 2}},
      {"groups",
       {.batch = 2,
        .groups = 3,
        .in_channels = 6,
        .out_channels = 15,
        .input = {1, 1, 50},
        .kernel = {1, 1, 4},
        .stride = {1, 1, 3},
        .dilation = {1, 1, 2}}},
      {"depthwise, 1-D",
       {.groups = 6,
        .in_channels = 6,
        .out_channels = 6,
        .input = {1, 1, 77},
        .kernel = {1, 1, 7},
        .pad_begin = {0, 0, 3}},
       {0, 0, 3}},
      {"depthwise, 2-D",
       {.batch = 2,
        .groups = 4,
        .in_channels = 4,
        .out_channels = 4,
        .input = {1, 8, 19},
        .kernel = {1, 3, 3},
        .stride = {1, 2, 2},
        .pad_begin = {0, 1, 1}},
       {0, 1, 1}},
      {"depthwise with multiplier",
       {.groups = 4,
        .in_channels = 4,
        .out_channels = 8,
        .input = {1, 8, 19},
        .kernel = {1, 3, 3}}},
      {"padding beyond the kernel",
       {.in_channels = 2,
        .out_channels = 3,
        .input = {1, 1, 4},
        .kernel = {1, 1, 2},
        .pad_begin = {0, 0, 5}},
       {0, 0, 40}},
      {"one output, many channels",
       {.in_channels = 64, .out_channels = 300, .input = {1, 3, 3}, .kernel = {1, 3, 3}}},
  };
  return sizes;
}

struct Case {
  explicit Case(const Sizes& sizes) : conv(sizes.conv) {
    for (size_t i = 0; i < 3; ++i) {
      const long reach = (conv.kernel[i] - 1) * conv.dilation[i] + 1;
      const long padded = conv.input[i] + conv.pad_begin[i] + sizes.pad_end[i];
      conv.output[i] = (padded - reach) / conv.stride[i] + 1;
    }
    in_size = conv.input[0] * conv.input[1] * conv.input[2];
    out_size = conv.output[0] * conv.output[1] * conv.output[2];
    taps = conv.kernel[0] * conv.kernel[1] * conv.kernel[2];
    const auto count = [](long n) { return static_cast<size_t>(n); };
    src = random_values<float>(count(conv.batch * conv.in_channels * in_size), 1);
    weight =
        random_values<float>(count(conv.out_channels * conv.in_channels / conv.groups * taps), 2);
    bias = random_values<float>(count(conv.out_channels), 3);
    dst.assign(count(conv.batch * conv.out_channels * out_size), 99.0f);
    conv.src = src.data();
    conv.weight = weight.data();
    conv.dst = dst.data();
  }

  double expected(long image, long channel, long position) const {
    const long per_group = conv.in_channels / conv.groups;
    const long group = channel / (conv.out_channels / conv.groups);
    const long at[3] = {position / conv.output[2] / conv.output[1],
                        position / conv.output[2] % conv.output[1], position % conv.output[2]};
    double sum = conv.bias != nullptr ? static_cast<double>(bias[static_cast<size_t>(channel)]) : 0;
    for (long c = 0; c < per_group; ++c) {
      for (long tap = 0; tap < taps; ++tap) {
        const long k[3] = {tap / conv.kernel[2] / conv.kernel[1],
                           tap / conv.kernel[2] % conv.kernel[1], tap % conv.kernel[2]};
        long index = image * conv.in_channels + group * per_group + c;
        bool outside = false;
        for (int i = 0; i < 3; ++i) {
          const long x = at[i] * conv.stride[i] + k[i] * conv.dilation[i] - conv.pad_begin[i];
          outside |= x < 0 || x >= conv.input[i];
          index = index * conv.input[i] + x;
        }
        if (outside) continue;
        sum += static_cast<double>(src[static_cast<size_t>(index)]) *
               static_cast<double>(
                   weight[static_cast<size_t>((channel * per_group + c) * taps + tap)]);
      }
    }
    return conv.activation == Activation::kRelu ? std::max(sum, 0.0) : sum;
  }

  void check(const KernelTable& table, const char* name, bool rows = false) {
    Scratch scratch(rows ? conv_rows_scratch_bytes(conv, 0, table)
                         : conv_scratch_bytes(conv, 0, table));
    (rows ? run_conv_rows : run_conv)(conv, scratch.get(), 0, table);
    EXPECT_TRUE(scratch.intact()) << name;
    for (long image = 0; image < conv.batch; ++image) {
      for (long channel = 0; channel < conv.out_channels; ++channel) {
        for (long i = 0; i < out_size; ++i) {
          const long at = (image * conv.out_channels + channel) * out_size + i;
          ASSERT_NEAR(static_cast<double>(dst[static_cast<size_t>(at)]),
                      expected(image, channel, i), 3e-5)
              << name << ": image " << image << ", channel " << channel << ", position " << i;
        }
      }
    }
  }

  Conv conv;
  long in_size = 0, out_size = 0, taps = 0;
  std::vector<float> src, weight, bias, dst;
};

class ConvTest : public EachTable {};

TEST_P(ConvTest, PlainWeights) {
  for (const Sizes& sizes : all_sizes()) Case(sizes).check(table(), sizes.name);
}

TEST_P(ConvTest, BiasAndActivation) {
  for (const Sizes& sizes : all_sizes()) {
    Case test(sizes);
    test.conv.bias = test.bias.data();
    test.conv.activation = Activation::kRelu;
    test.check(table(), sizes.name);
  }
}

TEST_P(ConvTest, PackedWeights) {
  for (const Sizes& sizes : all_sizes()) {
    if (sizes.conv.groups == sizes.conv.out_channels) continue;
    Case test(sizes);
    Scratch packed(packed_conv_bytes(test.conv, table()));
    pack_conv(test.conv, packed.floats(), table());
    EXPECT_TRUE(packed.intact());
    test.conv.weight = nullptr;
    test.conv.packed_weight = packed.floats();
    test.check(table(), sizes.name);
  }
}

// Right for any number of positions, of which few are what it is for.
TEST_P(ConvTest, PatchesAsRows) {
  for (const Sizes& sizes : all_sizes()) {
    if (sizes.conv.groups != 1) continue;
    Case test(sizes);
    const Conv& conv = test.conv;
    const long depth = conv.in_channels * test.taps;
    Scratch packed(packed_b_bytes(depth, conv.out_channels, table()));
    pack_b(conv.weight, depth, true, depth, conv.out_channels, packed.floats(), table());
    test.conv.weight = nullptr;
    test.conv.packed_weight = packed.floats();
    test.conv.bias = test.bias.data();
    test.conv.activation = Activation::kRelu;
    test.check(table(), sizes.name, true);
  }
  EXPECT_TRUE(conv_rows_suits({.in_channels = 3, .out_channels = 4}, table()));
  EXPECT_FALSE(conv_rows_suits({.groups = 2, .in_channels = 4, .out_channels = 4}, table()));
  EXPECT_FALSE(
      conv_rows_suits({.in_channels = 3, .out_channels = 4, .output = {1, 1, 99}}, table()));
}

TEST_P(ConvTest, EmptyOutput) {
  Conv conv = {.in_channels = 3, .out_channels = 4, .output = {1, 1, 0}};
  EXPECT_EQ(conv_scratch_bytes(conv, 0, table()), 0u);
  run_conv(conv, nullptr, 0, table());
}

ESCUTA_EACH_TABLE(ConvTest);

}  // namespace
}  // namespace escuta::kernels
