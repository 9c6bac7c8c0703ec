#include "ops/interpolation_weights.h"

#include <algorithm>
#include <cmath>

namespace escuta::ops {
namespace {

// The place in the source (0: the centre of its first element) of place x of the result.
double source_place(const ResizeRule& rule, const ResizedAxis& axis, double x) {
  const auto length = static_cast<double>(axis.length);
  const double result = axis.scale * length;  // not rounded
  switch (rule.coordinates) {
    case Coordinates::kAlignCorners:
      return result == 1 ? 0 : x * (length - 1) / (result - 1);
    case Coordinates::kAsymmetric:
      return x / axis.scale;
    case Coordinates::kTfCropAndResize: {
      const double part = axis.roi_end - axis.roi_begin;
      const double at =
          result == 1 ? part * (length - 1) / 2 : x * part * (length - 1) / (result - 1);
      return at + axis.roi_begin * (length - 1);
    }
    case Coordinates::kPytorchHalfPixel:
      return result == 1 ? -0.5 : (x + 0.5) / axis.scale - 0.5;
    case Coordinates::kTfHalfPixelForNn:
      return (x + 0.5) / axis.scale;
    case Coordinates::kHalfPixelSymmetric: {
      const double adjustment = static_cast<double>(axis.result) / result;
      return length / 2 * (1 - adjustment) + (x + 0.5) / axis.scale - 0.5;
    }
    case Coordinates::kHalfPixel:
      break;
  }
  return (x + 0.5) / axis.scale - 0.5;
}

// Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

double kernel(const ResizeRule& rule, double x) {
  if (rule.mode == ResizeMode::kCubic) return cubic(x, rule.cubic_a);
  return std::max(0.0, 1 - std::fabs(x));
}

int64_t nearest(NearestMode mode, double scale, double at) {
  switch (mode) {
    case NearestMode::kCeilToShrink:
      if (scale < 1) break;
      return static_cast<int64_t>(std::floor(at));
    case NearestMode::kRoundPreferFloor:
      return static_cast<int64_t>(std::ceil(at - 0.5));
    case NearestMode::kRoundPreferCeil:
      return static_cast<int64_t>(std::floor(at + 0.5));
    case NearestMode::kFloor:
      return static_cast<int64_t>(std::floor(at));
    case NearestMode::kCeil:
      break;
  }
  return static_cast<int64_t>(std::ceil(at));
}

// Weights of the elements around `at`, `taps` of them from the returned one on.
int64_t weigh(const ResizeRule& rule, const ResizedAxis& axis, double at, double stretch,
              int64_t taps, double* weights) {
  if (rule.mode == ResizeMode::kNearest) {
    weights[0] = 1;
    return nearest(rule.nearest, axis.scale, at);
  }
  const auto first = static_cast<int64_t>(std::ceil(at)) - taps / 2;
  double sum = 0;
  for (int64_t t = 0; t < taps; ++t) {
    const int64_t source = first + t;
    const bool excluded = rule.exclude_outside && (source < 0 || source >= axis.length);
    weights[t] = excluded ? 0 : kernel(rule, (static_cast<double>(source) - at) * stretch);
    sum += weights[t];
  }
  if (sum != 0 && (rule.exclude_outside || stretch != 1)) {
    for (int64_t t = 0; t < taps; ++t) weights[t] /= sum;
  }
  return first;
}

}  // namespace

Result<ResizeWeights> resize_weights(Call& call, const ResizeRule& rule, const ResizedAxis& axis) {
  if (axis.length == 0 && axis.result > 0) {
    return invalid_argument("an axis without elements cannot be resized to {}", axis.result);
  }
  // Antialiasing widens the kernel by as much as the axis shrinks.
  const double stretch = rule.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double radius = (rule.mode == ResizeMode::kCubic ? 2 : 1) / stretch;
  if (radius > static_cast<double>(INT32_MAX)) {
    return invalid_argument("a scale of {} is too small", axis.scale);
  }
  ResizeWeights table;
  table.taps = rule.mode == ResizeMode::kNearest ? 1 : 2 * static_cast<int64_t>(std::ceil(radius));
  int64_t count = 0;
  if (__builtin_mul_overflow(axis.result, table.taps, &count)) {
    return resource_exhausted("{} places of {} weights each do not fit in memory", axis.result,
                              table.taps);
  }
  ASSIGN_OR_RETURN(int64_t * sources, call.scratch_of<int64_t>(count));
  ASSIGN_OR_RETURN(double* weights, call.scratch_of<double>(count));
  ASSIGN_OR_RETURN(bool* outside, call.scratch_of<bool>(axis.result));
  // What is farther out has the edge's value, or none.
  const auto far = static_cast<double>(axis.length) + radius + 2;
  for (int64_t i = 0; i < axis.result; ++i) {
    const double at = source_place(rule, axis, static_cast<double>(i));
    outside[i] = rule.coordinates == Coordinates::kTfCropAndResize &&
                 !(at >= 0 && at <= static_cast<double>(axis.length - 1));
    const double near = std::isnan(at) ? 0 : std::clamp(at, -far, far);
    const int64_t first = weigh(rule, axis, near, stretch, table.taps, weights + i * table.taps);
    for (int64_t t = 0; t < table.taps; ++t) {
      sources[i * table.taps + t] = std::clamp<int64_t>(first + t, 0, axis.length - 1);
    }
  }
  table.sources = sources;
  table.weights = weights;
  if (rule.coordinates == Coordinates::kTfCropAndResize) table.outside = outside;
  return table;
}

}  // namespace escuta::ops
