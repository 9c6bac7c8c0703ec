#include "ops/interpolate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/interpolation_weights.h"

namespace escuta::ops {
namespace {

// Integers are rounded, halves to even, and clamped to their type.
template <typename T>
T from_double(double value) {
  if constexpr (kIsFloat<T>) {
    return static_cast<T>(static_cast<Wide<T>>(value));
  } else {
    constexpr auto kLow = static_cast<double>(std::numeric_limits<T>::min());
    constexpr auto kHigh = static_cast<double>(std::numeric_limits<T>::max());
    const double rounded = std::nearbyint(value);
    if (std::isnan(rounded)) return 0;
    // kHigh may have been rounded up to what T does not hold.
    if (rounded >= kHigh) return std::numeric_limits<T>::max();
    return rounded <= kLow ? std::numeric_limits<T>::min() : static_cast<T>(rounded);
  }
}

bool is_unchanged(const ResizeRule& rule, const ResizedAxis& axis) {
  return axis.scale == 1 && axis.result == axis.length &&
         (rule.coordinates != Coordinates::kTfCropAndResize ||
          (axis.roi_begin == 0 && axis.roi_end == 1));
}

Status resize_nearest(Call& call, const ResizeRule& rule, std::span<const ResizedAxis> axes,
                      const Shape& shape) {
  ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
  ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
  const auto strides = strides_of(call.shape(0));
  std::array<const int64_t*, kMaxRank> tables{};
  bool any_outside = false;
  for (size_t a = 0; a < axes.size(); ++a) {
    ASSIGN_OR_RETURN(const ResizeWeights weights, resize_weights(call, rule, axes[a]));
    ASSIGN_OR_RETURN(int64_t * table, call.scratch_of<int64_t>(axes[a].result));
    const bool unchanged = is_unchanged(rule, axes[a]);
    for (int64_t i = 0; i < axes[a].result; ++i) {
      const bool outside = !unchanged && weights.outside != nullptr && weights.outside[i];
      any_outside = any_outside || outside;
      table[i] = outside ? -1 : (unchanged ? i : weights.sources[i]) * strides[a];
    }
    tables[a] = table;
  }
  if (any_outside) {
    RETURN_IF_ERROR(dispatch(Numbers{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      std::fill_n(out.as<T>(), shape.count(), from_double<T>(rule.extrapolation));
      return {};
    }));
  }
  RETURN_IF_ERROR(copy_mapped(out.dtype(), shape, tables, src, out.data()));
  out.finish();
  return {};
}

// src [outer, length, inner] to dst [outer, result, inner].
void resize_axis(const ResizeRule& rule, const ResizeWeights& weights, const ResizedAxis& axis,
                 int64_t outer, int64_t inner, const double* src, double* dst) {
  for (int64_t o = 0; o < outer; ++o, src += axis.length * inner) {
    for (int64_t i = 0; i < axis.result; ++i, dst += inner) {
      if (weights.outside != nullptr && weights.outside[i]) {
        std::fill_n(dst, inner, rule.extrapolation);
        continue;
      }
      std::fill_n(dst, inner, 0.0);
      for (int64_t t = 0; t < weights.taps; ++t) {
        const double weight = weights.weights[i * weights.taps + t];
        if (weight == 0) continue;
        const double* from = src + weights.sources[i * weights.taps + t] * inner;
        for (int64_t j = 0; j < inner; ++j) dst[j] += weight * from[j];
      }
    }
  }
}

Status resize_weighted(Call& call, const ResizeRule& rule, std::span<const ResizedAxis> axes,
                       const Shape& shape) {
  return dispatch(Numbers{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    const std::span<const T> src = call.input(0).as<T>();
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    ASSIGN_OR_RETURN(double* now, call.scratch_of<double>(static_cast<int64_t>(src.size())));
    std::copy(src.begin(), src.end(), now);
    int64_t outer = 1;
    auto inner = static_cast<int64_t>(src.size());
    for (const ResizedAxis& axis : axes) {
      inner /= axis.length;
      if (!is_unchanged(rule, axis)) {
        int64_t count = 0;
        if (__builtin_mul_overflow(outer * inner, axis.result, &count)) {
          return resource_exhausted("an intermediate result of {} elements does not fit in memory",
                                    outer * inner);
        }
        ASSIGN_OR_RETURN(const ResizeWeights weights, resize_weights(call, rule, axis));
        ASSIGN_OR_RETURN(double* next, call.scratch_of<double>(count));
        resize_axis(rule, weights, axis, outer, inner, now, next);
        now = next;
      }
      outer *= axis.result;
    }
    std::transform(now, now + shape.count(), dst, from_double<T>);
    return {};
  });
}

}  // namespace

ResizeMode resize_mode_of(const NodeInfo& node) {
  const std::string mode = node.text("mode", "nearest");
  if (mode == "nearest") return ResizeMode::kNearest;
  if (mode == "linear" || mode == "bilinear" || mode == "trilinear") return ResizeMode::kLinear;
  if (mode == "cubic") return ResizeMode::kCubic;
  node.fail(
      invalid_argument("attribute `mode`: expected nearest, linear or cubic, found {}", mode));
  return ResizeMode::kNearest;
}

Result<int64_t> scaled_length(int64_t length, double scale) {
  const double result = std::floor(static_cast<double>(length) * scale);
  if (scale > 0 && result < 0x1p62) return static_cast<int64_t>(result);
  return invalid_argument("expected a scale above 0 that leaves a length, found {} for {}", scale,
                          length);
}

Status resize(Call& call, const ResizeRule& rule, std::span<const ResizedAxis> axes) {
  std::array<int64_t, kMaxRank> dims{};
  for (size_t i = 0; i < axes.size(); ++i) dims[i] = axes[i].result;
  ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), axes.size()}));
  if (shape.count() == 0) return call.allocate(0, call.dtype(0), shape).status();
  if (call.input(0).count() == 0) {
    return invalid_argument("shape {} has no elements that could be resized to {}",
                            call.shape(0).to_string(), shape.to_string());
  }
  if (rule.mode == ResizeMode::kNearest) return resize_nearest(call, rule, axes, shape);
  return resize_weighted(call, rule, axes, shape);
}

}  // namespace escuta::ops
