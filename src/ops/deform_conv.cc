// DeformConv (ai.onnx 19, 22): convolution whose taps are moved by offsets, one for each tap,
// output element and spatial dimension, and sampled linearly; outside of the input is 0.
// Dai et al., Deformable Convolutional Networks (2017); the mask: Zhu et al. (2018).
#include <cmath>

#include "ops/convolution.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

constexpr int kMaxSpatial = 4;  // 16 corners around a sampling point

enum : size_t { kX, kW, kOffset, kBias, kMask };

void infer(Inference& node) {
  std::optional<Dims> dims = infer_conv(node, WindowAttributes(node), kX, kW);
  // The offsets have the result's spatial dimensions.
  if (const auto& offset = node.shape(kOffset); dims && offset && offset->size() == dims->size()) {
    for (size_t i = 2; i < dims->size(); ++i) {
      if (!(*dims)[i].is_known()) (*dims)[i] = (*offset)[i];
    }
  }
  node.set(0, node.dtype(kX), std::move(dims));
}

// The input elements around a point, and how much each counts.
struct Corners {
  int count = 0;
  std::array<int64_t, 1 << kMaxSpatial> at{};
  std::array<double, 1 << kMaxSpatial> weight{};
};

Corners corners_of(const Windows& windows, const std::array<double, kMaxSpatial>& point,
                   double scale) {
  Corners corners;
  for (int bits = 0; bits < 1 << windows.rank; ++bits) {
    int64_t at = 0;
    double weight = scale;
    bool inside = true;
    for (int i = 0; i < windows.rank && inside; ++i) {
      const double size = static_cast<double>(windows.axes[i].in);
      const double floor = std::floor(point[i]);
      const bool upper = ((bits >> i) & 1) != 0;
      const double corner = floor + (upper ? 1 : 0);
      inside = corner >= 0 && corner < size;  // false for NaN
      if (!inside) break;
      weight *= upper ? point[i] - floor : 1 - (point[i] - floor);
      at = at * windows.axes[i].in + static_cast<int64_t>(corner);
    }
    if (!inside || weight == 0) continue;
    corners.at[corners.count] = at;
    corners.weight[corners.count++] = weight;
  }
  return corners;
}

class DeformConv final : public Kernel {
 public:
  explicit DeformConv(const NodeInfo& node)
      : attributes_(node),
        group_(node.integer("group", 1)),
        offset_group_(node.integer("offset_group", 1)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ConvSizes sizes,
                     conv_sizes(attributes_, group_, call.shape(kX), call.shape(kW)));
    RETURN_IF_ERROR(check(call, sizes));
    return dispatch(Floats{}, call.dtype(kX),
                    [&](auto tag) -> Status { return loop<decltype(tag)>(call, sizes); });
  }

 private:
  Status check(const Call& call, const ConvSizes& sizes) const {
    const Windows& windows = sizes.windows;
    if (windows.rank > kMaxSpatial) {
      return unimplemented("expected at most {} spatial dimensions, found {}", kMaxSpatial,
                           windows.rank);
    }
    const int64_t channels = sizes.groups * sizes.in_channels;
    int64_t rows = 0;
    if (offset_group_ < 1 || channels % offset_group_ != 0 ||
        __builtin_mul_overflow(windows.kernel_count, offset_group_, &rows) ||
        __builtin_mul_overflow(rows, windows.rank, &rows)) {
      return invalid_argument(
          "attribute `offset_group`: expected a divisor of {} input channels, found {}", channels,
          offset_group_);
    }
    RETURN_IF_ERROR(check_dtype(call, kW, call.dtype(kX)));
    RETURN_IF_ERROR(check_dtype(call, kOffset, call.dtype(kX)));
    RETURN_IF_ERROR(check_bias(call, kBias, call.dtype(kX), sizes.all_out_channels()));
    ASSIGN_OR_RETURN(const Shape offsets, window_output(windows, sizes.batch, rows));
    RETURN_IF_ERROR(check_shape(call, kOffset, offsets));
    if (!call.has(kMask)) return {};
    ASSIGN_OR_RETURN(const Shape mask, window_output(windows, sizes.batch, rows / windows.rank));
    RETURN_IF_ERROR(check_dtype(call, kMask, call.dtype(kX)));
    return check_shape(call, kMask, mask);
  }

  template <typename T>
  Status loop(Call& call, const ConvSizes& sizes) const {
    using A = Wide<T>;
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    const Windows& windows = sizes.windows;
    const int64_t depth = sizes.depth();
    const int64_t tile = tile_size(depth * sizes.groups, windows.out_count);
    ASSIGN_OR_RETURN(A * patches, call.scratch_of<A>(depth * sizes.groups * tile));
    ASSIGN_OR_RETURN(A * sums, call.scratch_of<A>(tile));
    ASSIGN_OR_RETURN(A * weights, call.scratch_of<A>(call.input(kW).count()));
    const std::span<const T> w = call.input(kW).as<T>();
    std::copy(w.begin(), w.end(), weights);
    const T* bias = call.has(kBias) ? call.input(kBias).as<T>().data() : nullptr;
    for (int64_t image = 0; image < sizes.batch; ++image) {
      for (int64_t first = 0; first < windows.out_count; first += tile) {
        RETURN_IF_ERROR(call.check_cancelled());
        const int64_t count = std::min(tile, windows.out_count - first);
        gather<T>(call, sizes, image, first, count, tile, patches);
        for (int64_t m = 0; m < sizes.all_out_channels(); ++m) {
          tile_product(weights + m * depth, depth, int64_t{1},
                       patches + m / sizes.out_channels * depth * tile, tile, 1, depth, count, sums,
                       tile);
          const A add = bias == nullptr ? A{} : static_cast<A>(bias[m]);
          T* out = dst + (image * sizes.all_out_channels() + m) * windows.out_count + first;
          for (int64_t i = 0; i < count; ++i) out[i] = static_cast<T>(sums[i] + add);
        }
      }
    }
    return {};
  }

  // patches [C * kernel, tile]: what the moved taps of outputs first.. first + count see.
  template <typename T>
  void gather(Call& call, const ConvSizes& sizes, int64_t image, int64_t first, int64_t count,
              int64_t tile, Wide<T>* patches) const {
    const Windows& windows = sizes.windows;
    const int64_t channels = sizes.groups * sizes.in_channels;
    const int64_t share = channels / offset_group_;
    const T* x = call.input(kX).as<T>().data() + image * channels * windows.in_count;
    const T* offsets = call.input(kOffset).as<T>().data();
    const T* mask = call.has(kMask) ? call.input(kMask).as<T>().data() : nullptr;
    for (int64_t group = 0; group < offset_group_; ++group) {
      std::array<int64_t, kMaxRank> tap{};
      for (int64_t k = 0; k < windows.kernel_count; ++k) {
        const int64_t row = (image * offset_group_ + group) * windows.kernel_count + k;
        for (int64_t i = 0; i < count; ++i) {
          const int64_t o = first + i;
          std::array<double, kMaxSpatial> point{};
          int64_t rest = o;
          for (int d = windows.rank - 1; d >= 0; --d) {
            const Axis& axis = windows.axes[d];
            const double moved = offsets[(row * windows.rank + d) * windows.out_count + o];
            point[d] = moved + static_cast<double>(rest % axis.out * axis.stride +
                                                   tap[d] * axis.dilation - axis.pad_begin);
            rest /= axis.out;
          }
          const double scale =
              mask == nullptr ? 1 : static_cast<double>(mask[row * windows.out_count + o]);
          const Corners corners = corners_of(windows, point, scale);
          for (int64_t c = group * share; c < (group + 1) * share; ++c) {
            double sum = 0;
            for (int j = 0; j < corners.count; ++j) {
              sum +=
                  corners.weight[j] * static_cast<double>(x[c * windows.in_count + corners.at[j]]);
            }
            patches[(c * windows.kernel_count + k) * tile + i] = static_cast<Wide<T>>(sum);
          }
        }
        next_tap(windows, tap);
      }
    }
  }

  WindowAttributes attributes_;
  int64_t group_;
  int64_t offset_group_;
};

}  // namespace

extern const Operator kDeformConv = {.domain = "",
                                     .name = "DeformConv",
                                     .versions = {19, 22},
                                     .inputs = {3, 5},
                                     .infer = infer,
                                     .create = make<DeformConv>,
                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
