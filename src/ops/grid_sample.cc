// GridSample (ai.onnx 16, 20, 22): X [N, C, spatial...] read at the places that grid
// [N, places..., dimensions] names, last dimension first; coordinates run from -1 to 1 over X
// (Jaderberg et al., Spatial Transformer Networks, 2015).
#include <algorithm>
#include <cmath>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum class Padding { kZeros, kBorder, kReflection };

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0) && !node.shape(1)) return;
  const size_t rank = (node.shape(0) ? node.shape(0) : node.shape(1))->size();
  if (rank < 3 || node.rank(1).value_or(static_cast<int>(rank)) != static_cast<int>(rank)) {
    node.fail(invalid_argument("expected X and grid of one rank of 3 or more"));
    return;
  }
  Dims dims(rank);
  if (node.shape(0)) std::copy_n(node.shape(0)->begin(), 2, dims.begin());
  if (node.shape(1))
    std::copy(node.shape(1)->begin() + 1, node.shape(1)->end() - 1, dims.begin() + 2);
  node.set(0, node.dtype(0), std::move(dims));
}

// Elements that make up one sample, each with its offset and weight.
constexpr int kMaxTaps = 4096;

// One spatial dimension of X.
struct Axis {
  int64_t length = 0, stride = 0;
  double low = 0, high = 0;  // where reflection turns round
};

// The elements of one axis around a place.
struct AxisTaps {
  std::array<int64_t, 4> offsets;  // -1: outside, counts as zero
  std::array<double, 4> weights;
};

double reflect(double at, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double distance = std::fmod(std::fabs(at - low), 2 * range);
  return distance < range ? low + distance : high - (distance - range);
}

// Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981, with a = -0.75.
std::array<double, 4> cubic_weights(double x) {
  constexpr double a = -0.75;
  const auto outer = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const auto inner = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  return {outer(x + 1), inner(x), inner(1 - x), outer(2 - x)};
}

class GridSample final : public Kernel {
 public:
  explicit GridSample(const NodeInfo& node) : align_(node.integer("align_corners", 0) != 0) {
    const std::string mode = node.text("mode", "linear");
    taps_ = mode == "nearest"                        ? 1
            : mode == "linear" || mode == "bilinear" ? 2
            : mode == "cubic" || mode == "bicubic"   ? 4
                                                     : 0;
    const std::string padding = node.text("padding_mode", "zeros");
    padding_ = padding == "border"       ? Padding::kBorder
               : padding == "reflection" ? Padding::kReflection
                                         : Padding::kZeros;
    if (taps_ == 0 || (padding_ == Padding::kZeros && padding != "zeros")) {
      node.fail(invalid_argument("mode `{}` or padding_mode `{}` is not known", mode, padding));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    RETURN_IF_ERROR(check_tensor(call, 1));
    const Shape& x = call.shape(0);
    const Shape& grid = call.shape(1);
    const int spatial = x.rank() - 2;
    if (spatial < 1 || grid.rank() != x.rank() || grid[0] != x[0] ||
        grid[grid.rank() - 1] != spatial) {
      return invalid_argument("expected X [N, C, ...] and a grid [N, ..., {}], found {} and {}",
                              spatial, x.to_string(), grid.to_string());
    }
    int64_t taps = 1;
    for (int i = 0; i < spatial && taps <= kMaxTaps; ++i) taps *= taps_;
    if (taps > kMaxTaps) {
      return unimplemented("interpolation over {} dimensions is not supported", spatial);
    }
    std::array<int64_t, kMaxRank> dims = {x[0], x[1]};
    for (int i = 0; i < spatial; ++i) dims[static_cast<size_t>(i + 2)] = grid[i + 1];
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(x.rank())}));
    if (shape.count() == 0) return call.allocate(0, call.dtype(0), shape).status();
    if (x.count() == 0) return invalid_argument("X of shape {} has no elements", x.to_string());
    return dispatch(Floats{}, call.dtype(1), [&](auto tag) -> Status {
      using G = decltype(tag);
      const G* places = call.input(1).as<G>().data();
      return dispatch(Numbers{}, call.dtype(0), [&](auto element) -> Status {
        return sample<decltype(element)>(call, shape, places, taps);
      });
    });
  }

 private:
  template <typename T, typename G>
  Status sample(Call& call, const Shape& shape, const G* places, int64_t taps) const {
    const Shape& x = call.shape(0);
    const size_t spatial = static_cast<size_t>(x.rank()) - 2;
    const auto strides = strides_of(x);
    std::array<Axis, kMaxRank> axes;
    for (size_t i = 0; i < spatial; ++i) {
      axes[i].length = x[static_cast<int>(i) + 2];
      axes[i].stride = strides[i + 2];
      axes[i].low = align_ ? 0 : -0.5;
      axes[i].high = static_cast<double>(axes[i].length) + (align_ ? -1 : -0.5);
    }
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    ASSIGN_OR_RETURN(int64_t * offsets, call.scratch_of<int64_t>(taps));
    ASSIGN_OR_RETURN(double* weights, call.scratch_of<double>(taps));
    const T* src = call.input(0).as<T>().data();
    const int64_t plane = x.count() / (x[0] * x[1]);
    const int64_t points = shape.count() / (shape[0] * shape[1]);
    for (int64_t n = 0; n < x[0]; ++n) {
      RETURN_IF_ERROR(call.check_cancelled());
      for (int64_t p = 0; p < points; ++p, places += spatial) {
        const int64_t used = collect({axes.data(), spatial}, places, offsets, weights);
        for (int64_t c = 0; c < x[1]; ++c) {
          const T* from = src + (n * x[1] + c) * plane;
          T& to = dst[(n * x[1] + c) * points + p];
          if (taps_ == 1) {
            to = used == 0 ? static_cast<T>(0) : from[offsets[0]];
            continue;
          }
          double sum = 0;
          for (int64_t k = 0; k < used; ++k)
            sum += weights[k] * static_cast<double>(from[offsets[k]]);
          to = narrow<T>(sum);
        }
      }
    }
    return {};
  }

  // Integers are cut off towards 0, and clamped to their type.
  template <typename T>
  static T narrow(double value) {
    if constexpr (kIsFloat<T>) {
      return static_cast<T>(static_cast<Wide<T>>(value));
    } else {
      constexpr auto kHigh = static_cast<double>(std::numeric_limits<T>::max());
      if (value >= kHigh) return std::numeric_limits<T>::max();
      constexpr auto kLow = static_cast<double>(std::numeric_limits<T>::min());
      return value > kLow ? static_cast<T>(value) : std::numeric_limits<T>::min();
    }
  }

  // The offsets and weights of a sample; returns how many there are.
  template <typename G>
  int64_t collect(std::span<const Axis> axes, const G* place, int64_t* offsets,
                  double* weights) const {
    int64_t count = 1;
    offsets[0] = 0;
    weights[0] = 1;
    for (size_t i = axes.size(); i-- > 0;) {
      // The grid names x, the last dimension, first.
      const AxisTaps taps = axis_taps(axes[i], static_cast<Wide<G>>(place[axes.size() - 1 - i]));
      // Each of those so far, for each tap of this axis; the last tap takes the place of the first.
      int64_t next = 0;
      std::array<int, 4> inside;
      int kept = 0;
      for (int t = 0; t < taps_; ++t) {
        if (taps.offsets[static_cast<size_t>(t)] >= 0) inside[static_cast<size_t>(kept++)] = t;
      }
      for (int k = kept - 1; k >= 0; --k) {
        const auto t = static_cast<size_t>(inside[static_cast<size_t>(k)]);
        for (int64_t j = 0; j < count; ++j) {
          offsets[k * count + j] = offsets[j] + taps.offsets[t];
          weights[k * count + j] = weights[j] * taps.weights[t];
        }
        next += count;
      }
      count = next;
    }
    return count;
  }

  // The place of a coordinate of -1..1 on an axis, in elements.
  template <typename W>
  double place_of(const Axis& axis, W coordinate) const {
    const auto length = static_cast<W>(axis.length);
    double at =
        align_ ? (coordinate + 1) / W{2} * (length - 1) : ((coordinate + 1) * length - 1) / W{2};
    if (taps_ == 1) at = std::nearbyint(at);
    if (!(at >= axis.low && at <= axis.high)) {
      if (padding_ == Padding::kReflection && std::isfinite(at)) {
        at = reflect(at, axis.low, axis.high);
      } else if (padding_ != Padding::kZeros && taps_ < 4) {
        // A cubic's taps are moved onto the border each by itself, as PyTorch and ONNX Runtime do.
        at = std::isnan(at) ? 0 : std::clamp(at, 0.0, static_cast<double>(axis.length - 1));
      }
    }
    // Farther out there is nothing else.
    if (std::isnan(at)) return -8;
    return std::clamp(at, -8.0, static_cast<double>(axis.length) + 8);
  }

  template <typename W>
  AxisTaps axis_taps(const Axis& axis, W coordinate) const {
    const double at = place_of(axis, coordinate);
    AxisTaps taps{};
    auto first = static_cast<int64_t>(std::floor(at));
    const double rest = at - static_cast<double>(first);
    if (taps_ == 1) {
      // A reflected place may lie between elements.
      first = static_cast<int64_t>(at);
      taps.weights = {1, 0, 0, 0};
    } else if (taps_ == 2) {
      taps.weights = {1 - rest, rest, 0, 0};
    } else {
      taps.weights = cubic_weights(rest);
      --first;
    }
    for (int t = 0; t < taps_; ++t) {
      taps.offsets[static_cast<size_t>(t)] = offset_of(axis, first + t);
    }
    return taps;
  }

  // The offset of element `at` of an axis, which may lie outside: -1 where that counts as zero.
  int64_t offset_of(const Axis& axis, int64_t at) const {
    if (at < 0 || at >= axis.length) {
      if (padding_ == Padding::kZeros) return -1;
      if (padding_ == Padding::kReflection) {
        at = static_cast<int64_t>(reflect(static_cast<double>(at), axis.low, axis.high));
      }
      at = std::clamp<int64_t>(at, 0, axis.length - 1);
    }
    return at * axis.stride;
  }

  int taps_ = 2;  // per axis: nearest 1, linear 2, cubic 4
  Padding padding_ = Padding::kZeros;
  bool align_;
};

}  // namespace

extern const Operator kGridSample = {.domain = "",
                                     .name = "GridSample",
                                     .versions = {16, 20, 22},
                                     .inputs = {2, 2},
                                     .infer = infer,
                                     .create = make<GridSample>,
                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
