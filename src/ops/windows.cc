#include "ops/windows.h"

#include <algorithm>

namespace escuta::ops {
namespace {

// Any product of two of these, and sums of a few, fit in int64.
constexpr int64_t kMaxAttribute = int64_t{1} << 30;
constexpr int64_t kMaxSize = int64_t{1} << 32;

// For positive b.
int64_t ceil_div(int64_t a, int64_t b) { return a > 0 ? (a - 1) / b + 1 : -(-a / b); }

void check_range(const NodeInfo& node, std::string_view name, const std::vector<int64_t>& values,
                 int64_t low) {
  for (const int64_t value : values) {
    if (value >= low && value <= kMaxAttribute) continue;
    node.fail(invalid_argument("attribute `{}`: expected values from {} to {}, found {}", name, low,
                               kMaxAttribute, value));
  }
}

Status check_count(std::string_view name, const std::vector<int64_t>& values, size_t expected) {
  if (values.empty() || values.size() == expected) return {};
  return invalid_argument("attribute `{}`: expected {} values, found {}", name, expected,
                          values.size());
}

Status count_all(Windows& windows) {
  bool overflow = false;
  for (int i = 0; i < windows.rank; ++i) {
    const Axis& axis = windows.axes[i];
    overflow |= __builtin_mul_overflow(windows.in_count, axis.in, &windows.in_count);
    overflow |= __builtin_mul_overflow(windows.out_count, axis.out, &windows.out_count);
    overflow |= __builtin_mul_overflow(windows.kernel_count, axis.kernel, &windows.kernel_count);
  }
  if (!overflow) return {};
  return invalid_argument("windows have more elements than 64 bits can count");
}

}  // namespace

std::pair<int64_t, int64_t> Axis::taps(int64_t o, int64_t low, int64_t high) const {
  const int64_t start = o * stride - pad_begin;
  return {std::max<int64_t>(ceil_div(low - start, dilation), 0),
          std::min(ceil_div(high - start, dilation), kernel)};
}

std::pair<int64_t, int64_t> Axis::outputs(int64_t k) const {
  const int64_t offset = k * dilation - pad_begin;
  return {std::max<int64_t>(ceil_div(-offset, stride), 0),
          std::min(ceil_div(in - offset, stride), out)};
}

WindowAttributes::WindowAttributes(const NodeInfo& node, Rounding rounding)
    : rounding_(rounding),
      kernel_shape_(node.integers("kernel_shape")),
      strides_(node.integers("strides")),
      dilations_(node.integers("dilations")),
      pads_(node.integers("pads")),
      output_padding_(node.integers("output_padding")),
      output_shape_(node.integers("output_shape")) {
  check_range(node, "kernel_shape", kernel_shape_, 1);
  check_range(node, "strides", strides_, 1);
  check_range(node, "dilations", dilations_, 1);
  check_range(node, "pads", pads_, 0);
  check_range(node, "output_padding", output_padding_, 0);
  check_range(node, "output_shape", output_shape_, 0);
  read_auto_pad(node);
}

void WindowAttributes::read_auto_pad(const NodeInfo& node) {
  const std::string name = node.text("auto_pad", "NOTSET");
  if (name == "NOTSET" || name.empty()) {
    auto_pad_ = AutoPad::kNotSet;
  } else if (name == "SAME_UPPER") {
    auto_pad_ = AutoPad::kSameUpper;
  } else if (name == "SAME_LOWER") {
    auto_pad_ = AutoPad::kSameLower;
  } else if (name == "VALID") {
    auto_pad_ = AutoPad::kValid;
  } else {
    node.fail(invalid_argument(
        "attribute `auto_pad`: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, found {}", name));
  }
}

Status WindowAttributes::check_rank(size_t rank) const {
  if (rank == 0 || rank > kMaxRank - 2) {
    return invalid_argument("expected 1 to {} spatial dimensions, found {}", kMaxRank - 2, rank);
  }
  RETURN_IF_ERROR(check_count("kernel_shape", kernel_shape_, rank));
  RETURN_IF_ERROR(check_count("strides", strides_, rank));
  RETURN_IF_ERROR(check_count("dilations", dilations_, rank));
  RETURN_IF_ERROR(check_count("pads", pads_, 2 * rank));
  RETURN_IF_ERROR(check_count("output_padding", output_padding_, rank));
  // Some models count N and C too.
  if (output_shape_.size() == rank + 2) return {};
  return check_count("output_shape", output_shape_, rank);
}

Result<Axis> WindowAttributes::axis(int i, int rank, int64_t kernel) const {
  const auto at = static_cast<size_t>(i);
  if (!kernel_shape_.empty() && kernel_shape_[at] != kernel) {
    return invalid_argument("attribute `kernel_shape`: expected {} as in the weights, found {}",
                            kernel, kernel_shape_[at]);
  }
  if (kernel < 1 || kernel > kMaxAttribute) {
    return invalid_argument("expected a kernel of 1 to {} elements in each dimension, found {}",
                            kMaxAttribute, kernel);
  }
  Axis axis;
  axis.kernel = kernel;
  axis.stride = stride(i);
  axis.dilation = dilations_.empty() ? 1 : dilations_[at];
  if (auto_pad_ == AutoPad::kNotSet && !pads_.empty()) {
    axis.pad_begin = pads_[at];
    axis.pad_end = pads_[at + static_cast<size_t>(rank)];
  }
  return axis;
}

void WindowAttributes::split_padding(Axis& axis, int64_t total) const {
  axis.pad_begin = auto_pad_ == AutoPad::kSameUpper ? total / 2 : total - total / 2;
  axis.pad_end = total - axis.pad_begin;
}

// axis.in -> axis.out, and the padding that auto_pad asks for.
Status WindowAttributes::fit(Axis& axis) const {
  if (axis.in > kMaxSize) {
    return invalid_argument("expected spatial dimensions of at most {}, found {}", kMaxSize,
                            axis.in);
  }
  if (same()) {
    axis.out = ceil_div(axis.in, axis.stride);
    const int64_t total = (axis.out - 1) * axis.stride + axis.extent() - axis.in;
    split_padding(axis, std::max<int64_t>(total, 0));
    return {};
  }
  const int64_t padded = axis.in + axis.pad_begin + axis.pad_end;
  const int64_t room = padded - axis.extent();
  const bool ceil = rounding_ == Rounding::kCeil && auto_pad_ == AutoPad::kNotSet;
  axis.out = room < 0 && !ceil ? -ceil_div(-room, axis.stride) + 1
                               : (ceil ? ceil_div(room, axis.stride) : room / axis.stride) + 1;
  // A window that would start in the padding at the end is left out.
  if (ceil && axis.out > 0 && (axis.out - 1) * axis.stride >= axis.in + axis.pad_begin) --axis.out;
  if (axis.out < 0) {
    return invalid_argument(
        "expected an input of at least {} elements (padding included: a "
        "window), found {}",
        axis.extent(), padded);
  }
  return {};
}

// axis.out, the size of the input, -> axis.in, and the padding.
Status WindowAttributes::fit_transposed(Axis& axis, int i, int rank) const {
  if (axis.out > kMaxSize) {
    return invalid_argument("expected spatial dimensions of at most {}, found {}", kMaxSize,
                            axis.out);
  }
  const auto at = static_cast<size_t>(i);
  const int64_t extra = output_padding_.empty() ? 0 : output_padding_[at];
  const int64_t full = axis.stride * (axis.out - 1) + extra + axis.extent();
  if (!output_shape_.empty()) {
    axis.in = output_shape_[output_shape_.size() - static_cast<size_t>(rank) + at];
    split_padding(axis, std::max<int64_t>(full - axis.in, 0));
  } else if (same()) {
    // A kernel smaller than the stride does not reach that far; nothing is added then.
    axis.in = std::min(axis.out * axis.stride, full);
    split_padding(axis, full - axis.in);
  } else {
    axis.in = full - axis.pad_begin - axis.pad_end;
  }
  if (axis.in < 0 || axis.in > kMaxSize) {
    return invalid_argument("expected a result of 0 to {} elements in each dimension, found {}",
                            kMaxSize, axis.in);
  }
  return {};
}

Result<Windows> WindowAttributes::resolve(std::span<const int64_t> in,
                                          std::span<const int64_t> kernel) const {
  RETURN_IF_ERROR(check_rank(in.size()));
  if (in.size() != kernel.size()) {
    return invalid_argument("expected a kernel of {} dimensions, found {}", in.size(),
                            kernel.size());
  }
  Windows windows;
  windows.rank = static_cast<int>(in.size());
  for (int i = 0; i < windows.rank; ++i) {
    const auto at = static_cast<size_t>(i);
    ASSIGN_OR_RETURN(windows.axes[at], axis(i, windows.rank, kernel[at]));
    windows.axes[at].in = in[at];
    RETURN_IF_ERROR(fit(windows.axes[at]));
  }
  RETURN_IF_ERROR(count_all(windows));
  return windows;
}

Result<Windows> WindowAttributes::resolve_transposed(std::span<const int64_t> out,
                                                     std::span<const int64_t> kernel) const {
  RETURN_IF_ERROR(check_rank(out.size()));
  if (out.size() != kernel.size()) {
    return invalid_argument("expected a kernel of {} dimensions, found {}", out.size(),
                            kernel.size());
  }
  Windows windows;
  windows.rank = static_cast<int>(out.size());
  for (int i = 0; i < windows.rank; ++i) {
    const auto at = static_cast<size_t>(i);
    ASSIGN_OR_RETURN(windows.axes[at], axis(i, windows.rank, kernel[at]));
    windows.axes[at].out = out[at];
    RETURN_IF_ERROR(fit_transposed(windows.axes[at], i, windows.rank));
  }
  RETURN_IF_ERROR(count_all(windows));
  return windows;
}

Dims WindowAttributes::infer(const NodeInfo& node, std::span<const Dim> in,
                             std::span<const Dim> kernel, bool transposed) const {
  Dims dims(in.size());
  if (!node.status().ok()) return dims;  // attributes are not what they should be
  if (const Status status = check_rank(in.size()); !status.ok()) {
    node.fail(status);
    return dims;
  }
  if (!kernel.empty() && kernel.size() != in.size()) {
    node.fail(
        invalid_argument("expected a kernel of {} dimensions, found {}", in.size(), kernel.size()));
    return dims;
  }
  const int rank = static_cast<int>(in.size());
  for (int i = 0; i < rank; ++i) {
    const auto at = static_cast<size_t>(i);
    int64_t taps = kernel_shape_.empty() ? -1 : kernel_shape_[at];
    if (!kernel.empty() && kernel[at].is_known()) taps = kernel[at].value();
    // Where padding settles the size, the kernel's does not matter.
    const bool free = transposed ? !output_shape_.empty() : same();
    if (taps < 0 && !free) continue;
    Result<Axis> made = axis(i, rank, taps < 0 ? 1 : taps);
    if (!made.ok()) {
      node.fail(made.status());
      continue;
    }
    Axis& axis = *made;
    if (transposed && !output_shape_.empty()) {
      dims[at] = Dim(output_shape_[output_shape_.size() - in.size() + at]);
    } else if (in[at].is_known()) {
      (transposed ? axis.out : axis.in) = in[at].value();
      const Status status = transposed ? fit_transposed(axis, i, rank) : fit(axis);
      if (!status.ok()) {
        node.fail(status);
      } else {
        dims[at] = Dim(transposed ? axis.in : axis.out);
      }
    } else if (axis.stride == 1 &&
               (same() || (!transposed && axis.pad_begin + axis.pad_end == axis.extent() - 1))) {
      dims[at] = in[at];
    }
  }
  return dims;
}

std::span<const int64_t> spatial_dims(const Shape& shape, bool channels_last) {
  const std::span<const int64_t> dims = shape.dims();
  if (dims.size() < 2) return {};
  return dims.subspan(channels_last ? 1 : 2, dims.size() - 2);
}

Result<Shape> window_output(const Windows& windows, int64_t batch, int64_t channels,
                            bool channels_last) {
  std::array<int64_t, kMaxRank> dims{};
  const auto rank = static_cast<size_t>(windows.rank);
  dims[0] = batch;
  dims[channels_last ? rank + 1 : 1] = channels;
  for (size_t i = 0; i < rank; ++i) dims[i + (channels_last ? 1 : 2)] = windows.axes[i].out;
  return Shape::create(std::span(dims.data(), rank + 2));
}

}  // namespace escuta::ops
