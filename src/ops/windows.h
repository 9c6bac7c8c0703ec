// Windows that slide over the spatial dimensions D1..Dn of a tensor [N, C, D1, ..., Dn]: the
// geometry of convolution, its transpose, and pooling (ONNX specification, Conv, ConvTranspose,
// MaxPool), for shape inference and for runs alike.
//
// Plain values; WindowAttributes is immutable once made. Attributes are bounded, so that no
// arithmetic on positions overflows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ops/inference.h"
#include "tensor/shape.h"

namespace escuta::ops {

// One spatial dimension. Tap k of output o lies at input o * stride + k * dilation - pad_begin.
struct Axis {
  int64_t in = 1;
  int64_t out = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;

  // Input elements from the first tap to the last one.
  int64_t extent() const { return (kernel - 1) * dilation + 1; }
  // The taps [first, second) of output o that lie in [low, high) of the input.
  std::pair<int64_t, int64_t> taps(int64_t o, int64_t low, int64_t high) const;
  // The outputs [first, second) whose tap k lies in the input.
  std::pair<int64_t, int64_t> outputs(int64_t k) const;
};

struct Windows {
  int rank = 0;  // number of spatial dimensions, at least 1
  std::array<Axis, kMaxRank> axes{};
  int64_t in_count = 1;  // products over the dimensions
  int64_t out_count = 1;
  int64_t kernel_count = 1;

  bool padded() const {
    for (int i = 0; i < rank; ++i) {
      if (axes[static_cast<size_t>(i)].pad_begin > 0 || axes[static_cast<size_t>(i)].pad_end > 0) {
        return true;
      }
    }
    return false;
  }
  const Axis& last() const { return axes[static_cast<size_t>(rank - 1)]; }
};

enum class Rounding { kFloor, kCeil };

// kernel_shape, strides, dilations, pads and auto_pad of a node, checked as far as they can be.
class WindowAttributes {
 public:
  explicit WindowAttributes(const NodeInfo& node, Rounding rounding = Rounding::kFloor);

  const std::vector<int64_t>& kernel_shape() const { return kernel_shape_; }

  // Convolution and pooling. in, kernel: the sizes of the spatial dimensions. InvalidArgument where
  // attributes do not fit them or a window does not fit in.
  Result<Windows> resolve(std::span<const int64_t> in, std::span<const int64_t> kernel) const;
  // ConvTranspose, seen as the convolution that it undoes: `in` of each axis is the size of the
  // result, `out` that of ConvTranspose's input, given here.
  Result<Windows> resolve_transposed(std::span<const int64_t> out,
                                     std::span<const int64_t> kernel) const;

  // The result's spatial dimensions from what is known of the input's and of the kernel's, which is
  // as long, or empty: kernel_shape counts. Fails the node where they cannot fit.
  Dims infer(const NodeInfo& node, std::span<const Dim> in, std::span<const Dim> kernel,
             bool transposed = false) const;

 private:
  enum class AutoPad { kNotSet, kSameUpper, kSameLower, kValid };

  int64_t stride(int i) const { return strides_.empty() ? 1 : strides_[static_cast<size_t>(i)]; }
  bool same() const { return auto_pad_ == AutoPad::kSameUpper || auto_pad_ == AutoPad::kSameLower; }
  void read_auto_pad(const NodeInfo& node);
  Status check_rank(size_t rank) const;
  Result<Axis> axis(int i, int rank, int64_t kernel) const;
  Status fit(Axis& axis) const;
  Status fit_transposed(Axis& axis, int i, int rank) const;
  void split_padding(Axis& axis, int64_t total) const;

  Rounding rounding_;
  AutoPad auto_pad_ = AutoPad::kNotSet;
  std::vector<int64_t> kernel_shape_, strides_, dilations_, pads_;
  std::vector<int64_t> output_padding_, output_shape_;  // of ConvTranspose
};

// Spatial dimensions of x, [N, C, D1, ..., Dn], or [N, D1, ..., Dn, C].
std::span<const int64_t> spatial_dims(const Shape& shape, bool channels_last = false);

// [N, C, outs] or [N, outs, C].
Result<Shape> window_output(const Windows& windows, int64_t batch, int64_t channels,
                            bool channels_last = false);

// Calls function(o, in_at, count, out_step, in_step) for runs that together pair each output of a
// plane with its taps inside the input: outputs o, o + out_step, ... (flat) with inputs in_at,
// in_at + in_step, ... Steps may be 0. An output's taps come in rising order.
template <typename F>
void for_each_tap(const Windows& windows, F&& function) {
  const int outer = windows.rank - 1;
  const Axis& last = windows.last();
  if (windows.out_count == 0 || windows.in_count == 0) return;
  std::array<int64_t, kMaxRank> o{}, k{}, first{}, end{};
  for (int64_t row = 0; row < windows.out_count; row += last.out) {
    bool empty = false;
    for (int i = 0; i < outer; ++i) {
      std::tie(first[i], end[i]) = windows.axes[i].taps(o[i], 0, windows.axes[i].in);
      k[i] = first[i];
      empty |= first[i] >= end[i];
    }
    for (bool more = !empty; more;) {
      int64_t base = 0;
      for (int i = 0; i < outer; ++i) {
        const Axis& axis = windows.axes[i];
        base = (base + o[i] * axis.stride + k[i] * axis.dilation - axis.pad_begin) *
               windows.axes[i + 1].in;
      }
      if (last.kernel <= last.out) {
        for (int64_t tap = 0; tap < last.kernel; ++tap) {
          const auto [from, to] = last.outputs(tap);
          if (from >= to) continue;
          function(row + from, base + from * last.stride + tap * last.dilation - last.pad_begin,
                   to - from, int64_t{1}, last.stride);
        }
      } else {
        for (int64_t at = 0; at < last.out; ++at) {
          const auto [from, to] = last.taps(at, 0, last.in);
          if (from >= to) continue;
          function(row + at, base + at * last.stride + from * last.dilation - last.pad_begin,
                   to - from, int64_t{0}, last.dilation);
        }
      }
      int i = outer - 1;
      for (; i >= 0; --i) {
        if (++k[i] < end[i]) break;
        k[i] = first[i];
      }
      more = i >= 0;
    }
    for (int i = outer - 1; i >= 0; --i) {
      if (++o[i] < windows.axes[i].out) break;
      o[i] = 0;
    }
  }
}

}  // namespace escuta::ops
