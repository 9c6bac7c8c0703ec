// Convolutions of bytes of every table, against the definition, exactly.
#include "kernels/conv_int8.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/test_data.h"
#include "kernels/transpose_bytes.h"

namespace escuta::kernels {
namespace {

struct Sizes {
  const char* name;
  ConvInt8 conv;
  std::array<long, 3> pad_end = {0, 0, 0};
};

const std::vector<Sizes>& all_sizes() {
  static const std::vector<Sizes> sizes = {
      {"speech",
       {.in_channels = 40,
        .out_channels = 50,
        .input = {1, 1, 701},
        .kernel = {1, 1, 5},
        .pad_begin = {0, 0, 2}},
       {0, 0, 2}},
      {"strides",
       {.batch = 2,
        .in_channels = 19,
        .out_channels = 21,
        .input = {1, 1, 130},
        .kernel = {1, 1, 10},
        .stride = {1, 1, 5}}},
      {"dilated",
       {.in_channels = 17,
        .out_channels = 33,
        .input = {1, 1, 90},
        .kernel = {1, 1, 3},
        .dilation = {1, 1, 5},
        .pad_begin = {0, 0, 5}},
       {0, 0, 5}},
      {"images",
       {.batch = 2,
        .in_channels = 5,
        .out_channels = 7,
        .input = {1, 9, 11},
        .kernel = {1, 3, 2},
        .stride = {1, 2, 1},
        .pad_begin = {0, 1, 1}},
       {0, 0, 1}},
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
      {"depthwise",
       {.batch = 2,
        .groups = 6,
        .in_channels = 6,
        .out_channels = 6,
        .input = {1, 8, 19},
        .kernel = {1, 3, 3},
        .stride = {1, 2, 2},
        .pad_begin = {0, 1, 1}},
       {0, 1, 1}},
      {"depthwise, longer than its input",
       {.groups = 3,
        .in_channels = 3,
        .out_channels = 3,
        .input = {1, 1, 4},
        .kernel = {1, 1, 7},
        .pad_begin = {0, 0, 30}},
       {0, 0, 30}},
      {"one channel",
       {.in_channels = 1, .out_channels = 1, .input = {1, 1, 30}, .kernel = {1, 1, 4}}},
      {"padding beyond the kernel",
       {.in_channels = 2,
        .out_channels = 3,
        .input = {1, 1, 4},
        .kernel = {1, 1, 2},
        .pad_begin = {0, 0, 5}},
       {0, 0, 40}},
      {"one output",
       {.in_channels = 64, .out_channels = 300, .input = {1, 3, 3}, .kernel = {1, 3, 3}}},
  };
  return sizes;
}

std::vector<unsigned char> random_bytes(long count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<unsigned char> bytes(static_cast<size_t>(count));
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
  return bytes;
}

int value_of(unsigned char byte, bool is_signed) {
  return is_signed ? static_cast<signed char>(byte) : byte;
}

struct Case {
  Case(const Sizes& sizes, bool src_signed, bool w_signed, bool per_channel)
      : conv(sizes.conv), weight_signed(w_signed) {
    for (size_t i = 0; i < 3; ++i) {
      const long reach = (conv.kernel[i] - 1) * conv.dilation[i] + 1;
      const long padded = conv.input[i] + conv.pad_begin[i] + sizes.pad_end[i];
      conv.output[i] = (padded - reach) / conv.stride[i] + 1;
    }
    in_size = conv.input[0] * conv.input[1] * conv.input[2];
    out_size = conv.output[0] * conv.output[1] * conv.output[2];
    taps = conv.kernel[0] * conv.kernel[1] * conv.kernel[2];
    src = random_bytes(conv.batch * conv.in_channels * in_size, 1);
    weight = random_bytes(conv.out_channels * conv.in_channels / conv.groups * taps, 2);
    conv.src = src.data();
    conv.src_signed = src_signed;
    conv.src_zero = src_signed ? -100 : 131;
    zeros.resize(static_cast<size_t>(per_channel ? conv.out_channels : 1));
    for (size_t i = 0; i < zeros.size(); ++i) zeros[i] = static_cast<int32_t>(i % 7) + 3;
    conv.weight_zero = zeros.data();
    conv.weight_zero_per_channel = per_channel;
    for (long i = 0; i < conv.out_channels; ++i) {
      bias.push_back(static_cast<int32_t>(i * 1000 - 2000));
      factor.push_back(0.001f / static_cast<float>(1 + i % 5));
      bias_f32.push_back(static_cast<float>(i) * 0.25f);
    }
  }

  size_t count() const { return static_cast<size_t>(conv.batch * conv.out_channels * out_size); }

  int32_t expected(long image, long channel, long position) const {
    const long per_group = conv.in_channels / conv.groups;
    const long group = channel / (conv.out_channels / conv.groups);
    const long at[3] = {position / conv.output[2] / conv.output[1],
                        position / conv.output[2] % conv.output[1], position % conv.output[2]};
    int32_t sum = 0;
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
        const size_t w = static_cast<size_t>((channel * per_group + c) * taps + tap);
        const int32_t zero = zeros[zeros.size() == 1 ? 0 : static_cast<size_t>(channel)];
        sum += (value_of(src[static_cast<size_t>(index)], conv.src_signed) - conv.src_zero) *
               (value_of(weight[w], weight_signed) - zero);
      }
    }
    return sum;
  }

  void run(const KernelTable& table) {
    Scratch packed(packed_conv_int8_bytes(conv, table));
    pack_conv_int8(conv, weight.data(), weight_signed, packed.get(), table);
    EXPECT_TRUE(packed.intact());
    conv.packed_weight = packed.get();
    Scratch scratch(conv_int8_scratch_bytes(conv, 0, table));
    run_conv_int8(conv, scratch.get(), 0, table);
    EXPECT_TRUE(scratch.intact());
  }

  // check(index, channel, sum) for every output.
  template <typename F>
  void for_each(F&& check) const {
    for (long image = 0; image < conv.batch; ++image) {
      for (long channel = 0; channel < conv.out_channels; ++channel) {
        for (long i = 0; i < out_size; ++i) {
          const long at = (image * conv.out_channels + channel) * out_size + i;
          check(static_cast<size_t>(at), static_cast<size_t>(channel), expected(image, channel, i));
        }
      }
    }
  }

  ConvInt8 conv;
  bool weight_signed;
  long in_size = 0, out_size = 0, taps = 0;
  std::vector<unsigned char> src, weight;
  std::vector<int32_t> zeros, bias;
  std::vector<float> factor, bias_f32;
};

class ConvInt8Test : public EachTable {};

TEST_P(ConvInt8Test, SumsOfEverySignAndZeroPoint) {
  for (const Sizes& sizes : all_sizes()) {
    for (int kind = 0; kind < 8; ++kind) {
      Case test(sizes, (kind & 1) != 0, (kind & 2) != 0, (kind & 4) != 0);
      ASSERT_TRUE(conv_int8_takes(test.conv));
      std::vector<int32_t> dst(test.count(), 99);
      test.conv.dst = dst.data();
      if (kind == 7) test.conv.bias = test.bias.data();
      test.run(table());
      test.for_each([&](size_t at, size_t channel, int32_t sum) {
        ASSERT_EQ(dst[at], sum + (kind == 7 ? test.bias[channel] : 0)) << sizes.name << " " << at;
      });
    }
  }
}

TEST_P(ConvInt8Test, Floats) {
  for (const Sizes& sizes : all_sizes()) {
    Case test(sizes, false, true, false);
    std::vector<float> dst(test.count(), 99);
    test.conv.dst_f32 = dst.data();
    test.conv.bias = test.bias.data();
    test.conv.factor = test.factor.data();
    test.conv.bias_f32 = test.bias_f32.data();
    test.run(table());
    test.for_each([&](size_t at, size_t channel, int32_t sum) {
      const float expected = static_cast<float>(sum + test.bias[channel]) * test.factor[channel] +
                             test.bias_f32[channel];
      ASSERT_NEAR(dst[at], expected, 1e-6f * std::abs(expected) + 1e-5f) << sizes.name << " " << at;
    });
  }
}

TEST_P(ConvInt8Test, Bytes) {
  for (const Sizes& sizes : all_sizes()) {
    Case test(sizes, true, false, true);
    std::vector<unsigned char> dst(test.count(), 99);
    test.conv.dst_u8 = dst.data();
    test.conv.bias = test.bias.data();
    test.conv.factor = test.factor.data();
    test.conv.zero = 100;
    test.run(table());
    test.for_each([&](size_t at, size_t channel, int32_t sum) {
      const float value = static_cast<float>(sum + test.bias[channel]) * test.factor[channel];
      const float expected = std::clamp(std::nearbyint(value) + 100.0f, 0.0f, 255.0f);
      ASSERT_EQ(static_cast<float>(dst[at]), expected) << sizes.name << " " << at;
    });
  }
}

TEST_P(ConvInt8Test, EmptyOutput) {
  const ConvInt8 conv = {.in_channels = 3, .out_channels = 4, .output = {1, 1, 0}};
  EXPECT_EQ(conv_int8_scratch_bytes(conv, 0, table()), 0u);
  run_conv_int8(conv, nullptr, 0, table());
}

TEST(ConvInt8, RefusesDepthwiseSumsThatFloatsCannotHold) {
  EXPECT_FALSE(
      conv_int8_takes({.groups = 2, .in_channels = 2, .out_channels = 2, .kernel = {1, 1, 258}}));
}

TEST(TransposeBytes, EverySize) {
  for (const long rows : {1, 15, 16, 17, 40}) {
    for (const long cols : {1, 16, 31, 33}) {
      const auto src = random_bytes(rows * (cols + 3), 5);
      std::vector<unsigned char> dst(static_cast<size_t>(cols * (rows + 2)), 7);
      transpose_bytes(src.data(), cols + 3, rows, cols, dst.data(), rows + 2);
      for (long r = 0; r < rows; ++r) {
        for (long c = 0; c < cols; ++c) {
          ASSERT_EQ(dst[static_cast<size_t>(c * (rows + 2) + r)],
                    src[static_cast<size_t>(r * (cols + 3) + c)]);
        }
      }
      for (long c = 0; c < cols; ++c)
        ASSERT_EQ(dst[static_cast<size_t>((c + 1) * (rows + 2) - 1)], 7);
    }
  }
}

ESCUTA_EACH_TABLE(ConvInt8Test);

}  // namespace
}  // namespace escuta::kernels
