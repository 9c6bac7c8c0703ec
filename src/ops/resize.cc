// Resize (ai.onnx 10, 11, 13, 18, 19): axes made longer or shorter by `scales`, or to `sizes`, by
// the nearest element, linear or cubic interpolation.
#include <algorithm>
#include <cmath>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/interpolate.h"
#include "ops/operator.h"
#include "ops/resize_scales.h"

namespace escuta::ops {
namespace {

enum class Policy { kStretch, kNotLarger, kNotSmaller };

Policy policy_of(const NodeInfo& node) {
  const std::string name =
      node.version() < 18 ? "stretch" : node.text("keep_aspect_ratio_policy", "stretch");
  if (name == "not_larger") return Policy::kNotLarger;
  if (name == "not_smaller") return Policy::kNotSmaller;
  if (name != "stretch") {
    node.fail(
        invalid_argument("attribute `keep_aspect_ratio_policy`: expected stretch, "
                         "not_larger or not_smaller, found {}",
                         name));
  }
  return Policy::kStretch;
}

Coordinates coordinates_of(const NodeInfo& node) {
  const std::string name = node.text("coordinate_transformation_mode", "half_pixel");
  if (name == "half_pixel") return Coordinates::kHalfPixel;
  if (name == "half_pixel_symmetric") return Coordinates::kHalfPixelSymmetric;
  if (name == "pytorch_half_pixel") return Coordinates::kPytorchHalfPixel;
  if (name == "align_corners") return Coordinates::kAlignCorners;
  if (name == "asymmetric") return Coordinates::kAsymmetric;
  if (name == "tf_crop_and_resize") return Coordinates::kTfCropAndResize;
  if (name == "tf_half_pixel_for_nn" && node.version() < 13) return Coordinates::kTfHalfPixelForNn;
  node.fail(
      invalid_argument("attribute `coordinate_transformation_mode`: `{}` is not known", name));
  return Coordinates::kHalfPixel;
}

NearestMode nearest_of(const NodeInfo& node) {
  const std::string name = node.text("nearest_mode", "round_prefer_floor");
  if (name == "round_prefer_floor") return NearestMode::kRoundPreferFloor;
  if (name == "round_prefer_ceil") return NearestMode::kRoundPreferCeil;
  if (name == "floor") return NearestMode::kFloor;
  if (name == "ceil") return NearestMode::kCeil;
  node.fail(invalid_argument("attribute `nearest_mode`: `{}` is not known", name));
  return NearestMode::kFloor;
}

ResizeRule rule_of(const NodeInfo& node) {
  ResizeRule rule;
  rule.mode = resize_mode_of(node);
  if (node.version() < 11) {  // asymmetric
    // Version 10 leaves open which element is the nearest: models of its time were made for an ONNX
    // Runtime that rounded up along the axes that shrink.
    rule.nearest = NearestMode::kCeilToShrink;
    return rule;
  }
  rule.coordinates = coordinates_of(node);
  rule.nearest = nearest_of(node);
  rule.cubic_a = node.number("cubic_coeff_a", -0.75f);
  rule.exclude_outside = node.integer("exclude_outside", 0) != 0;
  rule.extrapolation = node.number("extrapolation_value", 0);
  rule.antialias = node.version() >= 18 && node.integer("antialias", 0) != 0;
  if (rule.antialias && rule.mode == ResizeMode::kNearest) {
    node.fail(invalid_argument("mode nearest cannot be antialiased"));
  }
  return rule;
}

// Round half up.
Result<int64_t> rounded_length(double scale, int64_t length) {
  return scaled_length(1, scale * static_cast<double>(length) + 0.5);
}

// The common scale of the axes, where the aspect ratio is kept.
double common_scale(Policy policy, std::span<const ResizedAxis> axes,
                    std::span<const int64_t> sizes) {
  double scale = policy == Policy::kNotLarger ? HUGE_VAL : 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const double own = static_cast<double>(sizes[i]) / static_cast<double>(axes[i].length);
    scale = policy == Policy::kNotLarger ? std::min(scale, own) : std::max(scale, own);
  }
  return scale;
}

class Resize final : public Kernel {
 public:
  explicit Resize(const NodeInfo& node)
      : version_(node.version()),
        rule_(rule_of(node)),
        policy_(policy_of(node)),
        has_axes_(node.version() >= 18 && node.has("axes")),
        axes_(has_axes_ ? node.integers("axes") : std::vector<int64_t>()) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& input = call.shape(0);
    RETURN_IF_ERROR(resolve_axes(axes_, input.rank()).status());
    // The axes that are resized, in the order in which scales, sizes and roi have them.
    std::array<int, kMaxRank> order{};
    const size_t count = has_axes_ ? axes_.size() : input.dims().size();
    std::array<ResizedAxis, kMaxRank> named, all;
    for (size_t i = 0; i < count; ++i) {
      const int64_t axis = has_axes_ ? axes_[i] : static_cast<int64_t>(i);
      order[i] = static_cast<int>(axis < 0 ? axis + input.rank() : axis);
      named[i].length = input[order[i]];
    }
    RETURN_IF_ERROR(measure(call, {named.data(), count}));
    for (int i = 0; i < input.rank(); ++i) {
      all[static_cast<size_t>(i)] = {.length = input[i], .result = input[i]};
    }
    for (size_t i = 0; i < count; ++i) all[static_cast<size_t>(order[i])] = named[i];
    return resize(call, rule_, {all.data(), input.dims().size()});
  }

 private:
  // Results, scales and regions of the axes.
  Status measure(const Call& call, std::span<ResizedAxis> axes) const {
    const size_t scales_at = version_ < 11 ? 1 : 2;
    const bool by_scale = call.has(scales_at) && call.input(scales_at).count() > 0;
    const bool by_size = version_ >= 11 && call.has(3) && call.input(3).count() > 0;
    if (by_scale == by_size && !axes.empty()) {
      return invalid_argument("expected either scales or sizes, found {}",
                              by_scale ? "both" : "neither");
    }
    if (rule_.coordinates == Coordinates::kTfCropAndResize) {
      ASSIGN_OR_RETURN(const FloatList roi, read_floats(call, 1, "roi"));
      if (roi.count != 2 * axes.size()) {
        return invalid_argument("roi: expected {} numbers, found {}", 2 * axes.size(), roi.count);
      }
      for (size_t i = 0; i < axes.size(); ++i) {
        axes[i].roi_begin = roi.values[i];
        axes[i].roi_end = roi.values[axes.size() + i];
      }
    }
    if (by_size) return measure_sizes(call, axes);
    if (!by_scale) return {};
    ASSIGN_OR_RETURN(const FloatList scales, read_floats(call, scales_at, "scales"));
    if (scales.count != axes.size()) {
      return invalid_argument("expected {} scales, found {}", axes.size(), scales.count);
    }
    for (size_t i = 0; i < axes.size(); ++i) {
      axes[i].scale = scales.values[i];
      ASSIGN_OR_RETURN(axes[i].result, scaled_length(axes[i].length, axes[i].scale));
    }
    return {};
  }

  Status measure_sizes(const Call& call, std::span<ResizedAxis> axes) const {
    ASSIGN_OR_RETURN(const IntList sizes, read_ints(call, 3, "sizes"));
    if (sizes.count != axes.size()) {
      return invalid_argument("expected {} sizes, found {}", axes.size(), sizes.count);
    }
    for (size_t i = 0; i < axes.size(); ++i) {
      const int64_t size = sizes.values[i];
      if (size < 0 || axes[i].length == 0) {
        return invalid_argument("an axis of {} elements cannot be resized to {}", axes[i].length,
                                size);
      }
      axes[i].result = size;
      axes[i].scale = static_cast<double>(size) / static_cast<double>(axes[i].length);
    }
    if (policy_ == Policy::kStretch) return {};
    const double scale = common_scale(policy_, axes, sizes);
    for (ResizedAxis& axis : axes) {
      axis.scale = scale;
      ASSIGN_OR_RETURN(axis.result, rounded_length(scale, axis.length));
    }
    return {};
  }

  int version_;
  ResizeRule rule_;
  Policy policy_;
  bool has_axes_;
  std::vector<int64_t> axes_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  const Dims& input = *node.shape(0);
  const auto rank = static_cast<int>(input.size());
  std::vector<int64_t> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  if (node.version() >= 18 && node.has("axes")) axes = node.integers("axes");
  if (!axis_flags(node, axes, rank)) return;
  Dims picked;
  for (int64_t& axis : axes) {
    if (axis < 0) axis += rank;
    picked.push_back(input[static_cast<size_t>(axis)]);
  }
  Dims resized(axes.size());
  const size_t scales_at = node.version() < 11 ? 1 : 2;
  const auto scales = constant_floats(node, scales_at);
  const std::optional<Dims> sizes =
      node.version() < 11 || !node.has_input(3) ? std::nullopt : small_elements(node, 3);
  if (scales && !scales->empty()) {
    resized = *scaled_dims(node, picked, scales);
  } else if (sizes && !sizes->empty() && policy_of(node) == Policy::kStretch) {
    if (sizes->size() != axes.size()) {
      node.fail(invalid_argument("expected {} sizes, found {}", axes.size(), sizes->size()));
      return;
    }
    resized = *sizes;
  }
  Dims dims = input;
  for (size_t i = 0; i < axes.size(); ++i) dims[static_cast<size_t>(axes[i])] = resized[i];
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kResize = {.domain = "",
                                 .name = "Resize",
                                 .versions = {10, 11, 13, 18, 19},
                                 .inputs = {1, 4},
                                 .infer = infer,
                                 .create = make<Resize>,
                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
