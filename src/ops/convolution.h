// Convolution as a product: weights [M, C * kernel] times the input's patches, a tile of outputs at
// a time, so that the patches of a tile (im2col) stay in cache and scratch is bounded. Shared by
// Conv, ConvInteger, QLinearConv, DeformConv and their relatives.
//
// Integers are computed in uint32_t: exact modulo 2^32, so what does not fit wraps.
#pragma once

#include <algorithm>

#include "ops/call.h"
#include "ops/check_input.h"
#include "ops/windows.h"

namespace escuta::ops {

// The sizes of one convolution. Channels are those of one group.
struct ConvSizes {
  Windows windows;
  int64_t batch = 0;
  int64_t groups = 1;
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  bool channels_last = false;

  int64_t depth() const { return in_channels * windows.kernel_count; }
  int64_t all_out_channels() const { return groups * out_channels; }
  Result<Shape> output() const {
    return window_output(windows, batch, all_out_channels(), channels_last);
  }
};

// x [N, C, D1, ..., Dn] or [N, D1, ..., Dn, C], w [M, C / group, k1, ..., kn].
Result<ConvSizes> conv_sizes(const WindowAttributes& attributes, int64_t group, const Shape& x,
                             const Shape& w, bool channels_last = false);

// The result's dimensions; x and w are the inputs' numbers.
std::optional<Dims> infer_conv(const Inference& node, const WindowAttributes& attributes, size_t x,
                               size_t w, bool channels_last = false);

// InvalidArgument unless input i is absent or a vector of `dtype` with one element per channel.
Status check_bias(const Call& call, size_t i, DType dtype, int64_t channels);

namespace conv_detail {

// One tile of a product: R x C elements of c = a b, whose sums stay in registers.
template <typename A, int R, int C>
void product_block(const A* a, int64_t a_row, int64_t a_step, const A* b, int64_t b_row,
                   int64_t depth, A* c, int64_t c_row) {
  A sums[R][C] = {};
  for (int64_t k = 0; k < depth; ++k) {
    const A* line = b + k * b_row;
    for (int i = 0; i < R; ++i) {
      const A left = a[i * a_row + k * a_step];
      for (int j = 0; j < C; ++j) sums[i][j] += left * line[j];
    }
  }
  for (int i = 0; i < R; ++i) {
    for (int j = 0; j < C; ++j) c[i * c_row + j] = sums[i][j];
  }
}

template <typename A, int R>
void product_rows(const A* a, int64_t a_row, int64_t a_step, const A* b, int64_t b_row,
                  int64_t depth, int64_t cols, A* c, int64_t c_row) {
  int64_t j = 0;
  for (; j + 8 <= cols; j += 8) {
    product_block<A, R, 8>(a, a_row, a_step, b + j, b_row, depth, c + j, c_row);
  }
  for (; j < cols; ++j) {
    product_block<A, R, 1>(a, a_row, a_step, b + j, b_row, depth, c + j, c_row);
  }
}

}  // namespace conv_detail

// c [rows, cols] = a [rows, depth] b [depth, cols]; element (i, k) of a is at i * a_row + k *
// a_step, rows of b and c are b_row and c_row elements apart.
template <typename A>
void tile_product(const A* a, int64_t a_row, int64_t a_step, const A* b, int64_t b_row,
                  int64_t rows, int64_t depth, int64_t cols, A* c, int64_t c_row) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    conv_detail::product_rows<A, 4>(a + i * a_row, a_row, a_step, b, b_row, depth, cols,
                                    c + i * c_row, c_row);
  }
  for (; i < rows; ++i) {
    conv_detail::product_rows<A, 1>(a + i * a_row, a_row, a_step, b, b_row, depth, cols,
                                    c + i * c_row, c_row);
  }
}

// Outputs per tile: a multiple of 8, whose patches take about 256 KiB.
inline int64_t tile_size(int64_t depth, int64_t outputs) {
  const int64_t wanted = std::clamp<int64_t>(65536 / std::max<int64_t>(depth, 1), 16, 512);
  return (std::min(wanted, outputs) + 7) / 8 * 8;
}

// Calls function(i, in_at, n, in_step): outputs first + i .. first + i + n of a plane have their
// tap `tap` at input elements in_at, in_at + in_step, ...; outputs first.. first + count that are
// not named have it in the padding.
template <typename F>
void for_each_run_of_tap(const Windows& windows, const std::array<int64_t, kMaxRank>& tap,
                         int64_t first, int64_t count, F&& function) {
  const int outer = windows.rank - 1;
  const Axis& last = windows.last();
  std::array<int64_t, kMaxRank> o{};
  int64_t rest = first / last.out;
  int64_t begin = first % last.out;
  for (int i = outer - 1; i >= 0; --i) {
    o[i] = rest % windows.axes[i].out;
    rest /= windows.axes[i].out;
  }
  const auto [valid_from, valid_to] = last.outputs(tap[outer]);
  for (int64_t done = 0; done < count;) {
    const int64_t end = std::min(begin + count - done, last.out);
    int64_t base = 0;
    bool inside = true;
    for (int i = 0; i < outer; ++i) {
      const Axis& axis = windows.axes[i];
      const int64_t at = o[i] * axis.stride + tap[i] * axis.dilation - axis.pad_begin;
      inside &= at >= 0 && at < axis.in;
      base = base * axis.in + at;
    }
    const int64_t from = std::max(valid_from, begin);
    const int64_t to = std::min(valid_to, end);
    if (inside && from < to) {
      const int64_t offset = tap[outer] * last.dilation - last.pad_begin;
      function(done + from - begin, base * last.in + from * last.stride + offset, to - from,
               last.stride);
    }
    done += end - begin;
    begin = 0;
    for (int i = outer - 1; i >= 0; --i) {
      if (++o[i] < windows.axes[i].out) break;
      o[i] = 0;
    }
  }
}

// dst[i]: the input under tap `tap` of output first + i, minus `zero`; 0 in the padding. x: the
// plane, its elements `step` apart.
template <typename T, typename A>
void gather_tap(const Windows& windows, const T* x, int64_t step, A zero,
                const std::array<int64_t, kMaxRank>& tap, int64_t first, int64_t count, A* dst) {
  if (windows.padded()) std::fill(dst, dst + count, A{});
  for_each_run_of_tap(windows, tap, first, count,
                      [&](int64_t at, int64_t in_at, int64_t n, int64_t in_step) {
                        const T* src = x + in_at * step;
                        for (int64_t i = 0; i < n; ++i) {
                          dst[at + i] = static_cast<A>(src[i * in_step * step]) - zero;
                        }
                      });
}

// Rises through the taps of a kernel in row-major order.
inline void next_tap(const Windows& windows, std::array<int64_t, kMaxRank>& tap) {
  for (int i = windows.rank - 1; i >= 0; --i) {
    if (++tap[i] < windows.axes[i].kernel) return;
    tap[i] = 0;
  }
}

// Calls store(image, channel, first, count, sums) for stretches of outputs that together are all.
// weights [M, C / group * kernel]; `zero` is what an element of x must be for a product of 0.
template <typename T, typename A, typename Store>
Status convolve(Call& call, const ConvSizes& sizes, const T* x, A zero, const A* weights,
                Store&& store) {
  const Windows& windows = sizes.windows;
  const int64_t depth = sizes.depth();
  const int64_t tile = tile_size(depth, windows.out_count);
  const int64_t all_channels = sizes.groups * sizes.in_channels;
  const int64_t step = sizes.channels_last ? all_channels : 1;
  const int64_t channel_step = sizes.channels_last ? 1 : windows.in_count;
  ASSIGN_OR_RETURN(A * patches, call.scratch_of<A>(depth * tile));
  ASSIGN_OR_RETURN(A * sums, call.scratch_of<A>(4 * tile));
  for (int64_t image = 0; image < sizes.batch; ++image) {
    for (int64_t group = 0; group < sizes.groups; ++group) {
      const T* base =
          x + image * all_channels * windows.in_count + group * sizes.in_channels * channel_step;
      const A* matrix = weights + group * sizes.out_channels * depth;
      for (int64_t first = 0; first < windows.out_count; first += tile) {
        RETURN_IF_ERROR(call.check_cancelled());
        const int64_t count = std::min(tile, windows.out_count - first);
        A* row = patches;
        for (int64_t channel = 0; channel < sizes.in_channels; ++channel) {
          std::array<int64_t, kMaxRank> tap{};
          for (int64_t k = 0; k < windows.kernel_count; ++k, row += tile) {
            gather_tap(windows, base + channel * channel_step, step, zero, tap, first, count, row);
            next_tap(windows, tap);
          }
        }
        for (int64_t m = 0; m < sizes.out_channels; m += 4) {
          const int64_t rows = std::min<int64_t>(4, sizes.out_channels - m);
          tile_product(matrix + m * depth, depth, int64_t{1}, patches, tile, rows, depth, count,
                       sums, tile);
          for (int64_t i = 0; i < rows; ++i) {
            store(image, group * sizes.out_channels + m + i, first, count, sums + i * tile);
          }
        }
      }
    }
  }
  return {};
}

// x * w + bias for floats; finish(values, count, at) may change values, which are the output's from
// element `at` on.
// Inputs x 0, w 1, bias 2.
template <typename T, typename Finish>
Status run_float_conv(Call& call, const ConvSizes& sizes, Finish&& finish) {
  using A = Wide<T>;
  ASSIGN_OR_RETURN(const Shape shape, sizes.output());
  RETURN_IF_ERROR(check_dtype(call, 1, call.dtype(0)));
  RETURN_IF_ERROR(check_bias(call, 2, call.dtype(0), sizes.all_out_channels()));
  ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
  if (shape.count() == 0) return {};
  const std::span<const T> w = call.input(1).as<T>();
  const A* weights = nullptr;
  if constexpr (std::is_same_v<T, A>) {
    weights = w.data();
  } else {
    ASSIGN_OR_RETURN(A * wide, call.scratch_of<A>(call.input(1).count()));
    std::copy(w.begin(), w.end(), wide);
    weights = wide;
  }
  const T* bias = call.has(2) ? call.input(2).as<T>().data() : nullptr;
  const int64_t plane = sizes.windows.out_count;
  const int64_t channels = sizes.all_out_channels();
  return convolve<T, A>(call, sizes, call.input(0).as<T>().data(), A{}, weights,
                        [&](int64_t image, int64_t channel, int64_t first, int64_t count, A* sums) {
                          const A add = bias == nullptr ? A{} : static_cast<A>(bias[channel]);
                          const int64_t at = (image * channels + channel) * plane + first;
                          for (int64_t i = 0; i < count; ++i) sums[i] += add;
                          finish(sums, count, at);
                          for (int64_t i = 0; i < count; ++i) dst[at + i] = static_cast<T>(sums[i]);
                        });
}

}  // namespace escuta::ops
