// Resizing along each axis by itself: Resize and Upsample.
//
// Interpolation is separable, so that axes are resized one after the other, each as a weighted sum
// of a few source elements for each place of the result (onnx/reference: Resize; antialiasing as in
// Pillow).
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "ops/call.h"
#include "ops/node_info.h"

namespace escuta::ops {

enum class ResizeMode { kNearest, kLinear, kCubic };
enum class Coordinates {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfCropAndResize,
  kTfHalfPixelForNn,
};
// kCeilToShrink: down, but up along an axis that becomes shorter.
enum class NearestMode { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil, kCeilToShrink };

struct ResizeRule {
  ResizeMode mode = ResizeMode::kNearest;
  Coordinates coordinates = Coordinates::kAsymmetric;
  NearestMode nearest = NearestMode::kFloor;
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation = 0;
};

// The attribute `mode`; fails the node for a name that there is not.
ResizeMode resize_mode_of(const NodeInfo& node);

// What happens to one axis: `length` elements become `result`.
struct ResizedAxis {
  int64_t length = 0;
  int64_t result = 0;
  double scale = 1;  // as given, or result / length
  // The part of the axis that is resized, kTfCropAndResize only.
  double roi_begin = 0;
  double roi_end = 1;
};

// axes: lengths 0 or more, scales above 0; one for each dimension of input 0; output 0 has their
// results as its shape.
Status resize(Call& call, const ResizeRule& rule, std::span<const ResizedAxis> axes);

// floor(length * scale), for shapes. InvalidArgument for a scale that is not above 0, or a result
// that is no length.
Result<int64_t> scaled_length(int64_t length, double scale);

}  // namespace escuta::ops
