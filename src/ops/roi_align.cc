// RoiAlign (ai.onnx 10, 16, 22): regions of images, pooled into grids of one size; each bin is the
// average (or maximum) of points between pixels (He et al., Mask R-CNN, 2017).
#include <algorithm>
#include <cmath>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  const int64_t height = node.integer("output_height", 1), width = node.integer("output_width", 1);
  if (height < 0 || width < 0) {
    node.fail(invalid_argument("expected a size of the output, found {} by {}", height, width));
    return;
  }
  Dims dims = {Dim(), Dim(), Dim(height), Dim(width)};
  if (node.shape(1) && !node.shape(1)->empty()) dims[0] = node.shape(1)->front();
  if (node.shape(0) && node.shape(0)->size() == 4) dims[1] = (*node.shape(0))[1];
  node.set(0, node.dtype(0), std::move(dims));
}

// Of a bin, in each direction, where the model says how many.
constexpr int64_t kMaxPoints = 1024;

// One direction of a region: bins of `size` from `start` on, each with `points` points.
struct Bins {
  double start = 0, size = 0;
  int64_t points = 0;
  double at(int64_t bin, int64_t point) const {
    return start + static_cast<double>(bin) * size +
           (static_cast<double>(point) + 0.5) * size / static_cast<double>(points);
  }
};

// A point between two elements of an axis; no weights outside of it.
struct Between {
  int64_t low = 0, high = 0;
  double low_weight = 0, high_weight = 0;
};

Between between(double at, int64_t length) {
  if (!(at >= -1 && at <= static_cast<double>(length))) return {};
  at = std::clamp(at, 0.0, static_cast<double>(length - 1));
  Between result;
  result.low = static_cast<int64_t>(at);
  result.high = std::min(result.low + 1, length - 1);
  result.high_weight = at - static_cast<double>(result.low);
  result.low_weight = 1 - result.high_weight;
  return result;
}

class RoiAlign final : public Kernel {
 public:
  explicit RoiAlign(const NodeInfo& node)
      : height_(node.integer("output_height", 1)),
        width_(node.integer("output_width", 1)),
        points_(node.integer("sampling_ratio", 0)),
        scale_(node.number("spatial_scale", 1)) {
    const std::string mode = node.text("mode", "avg");
    max_ = mode == "max";
    const std::string coordinates = node.version() < 16
                                        ? "output_half_pixel"
                                        : node.text("coordinate_transformation_mode", "half_pixel");
    half_pixel_ = coordinates == "half_pixel";
    if ((!max_ && mode != "avg") || (!half_pixel_ && coordinates != "output_half_pixel")) {
      node.fail(invalid_argument("mode `{}` or coordinate_transformation_mode `{}` is not known",
                                 mode, coordinates));
    }
    if (height_ < 1 || width_ < 1 || points_ < 0 || points_ > kMaxPoints) {
      node.fail(invalid_argument(
          "expected output_height, output_width above 0 and sampling_ratio from 0 to {}",
          kMaxPoints));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_same_dtype(call, 0, 1));
    RETURN_IF_ERROR(check_int_tensor(call, 2, "batch_indices"));
    const Shape& x = call.shape(0);
    const int64_t regions = call.shape(1).rank() == 2 ? call.shape(1)[0] : -1;
    if (x.rank() != 4 || regions < 0 || call.shape(1)[1] != 4 || call.shape(2) != Shape{regions}) {
      return invalid_argument(
          "expected X [N, C, H, W], rois [R, 4] and batch_indices [R], found {}, {}, {}",
          x.to_string(), call.shape(1).to_string(), call.shape(2).to_string());
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create(std::array<int64_t, 4>{regions, x[1], height_, width_}));
    for (int64_t i = 0; i < regions; ++i) {
      const int64_t image = int_at(call.input(2), i);
      if (image < 0 || image >= x[0]) {
        return invalid_argument("expected batch_indices from 0 to {}, found {}", x[0] - 1, image);
      }
    }
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      if (x.count() == 0) {
        return invalid_argument("images of shape {} have no pixels", x.to_string());
      }
      const T* src = call.input(0).as<T>().data();
      const T* rois = call.input(1).as<T>().data();
      for (int64_t i = 0; i < regions; ++i, rois += 4) {
        const int64_t image = int_at(call.input(2), i);
        ASSIGN_OR_RETURN(const Bins w, bins(rois[0], rois[2], width_, x[3]));
        ASSIGN_OR_RETURN(const Bins h, bins(rois[1], rois[3], height_, x[2]));
        for (int64_t c = 0; c < x[1]; ++c, dst += height_ * width_) {
          RETURN_IF_ERROR(call.check_cancelled());
          pool(src + (image * x[1] + c) * x[2] * x[3], x[2], x[3], h, w, dst);
        }
      }
      return {};
    });
  }

 private:
  Result<Bins> bins(double begin, double end, int64_t count, int64_t length) const {
    const double offset = half_pixel_ ? 0.5 : 0;
    const double first = begin * scale_ - offset;
    double size = end * scale_ - offset - first;
    if (!half_pixel_) size = std::max(size, 1.0);
    Bins result = {.start = first, .size = size / static_cast<double>(count), .points = points_};
    if (points_ > 0) return result;
    const double points = std::ceil(result.size);
    // More than a few points for each pixel come from nonsense, and would take for ever.
    if (!(points <= 4 * static_cast<double>(length) + 64)) {
      return invalid_argument("a region of {} pixels is too large for an image of {}", size,
                              length);
    }
    result.points = std::max<int64_t>(0, static_cast<int64_t>(points));
    return result;
  }

  template <typename T>
  void pool(const T* plane, int64_t height, int64_t width, const Bins& h, const Bins& w,
            T* dst) const {
    for (int64_t row = 0; row < height_; ++row) {
      for (int64_t col = 0; col < width_; ++col) {
        double sum = 0;
        bool first = true;
        for (int64_t i = 0; i < h.points; ++i) {
          const Between y = between(h.at(row, i), height);
          for (int64_t j = 0; j < w.points; ++j) {
            const Between x = between(w.at(col, j), width);
            const T* low = plane + y.low * width;
            const T* high = plane + y.high * width;
            const double a = y.low_weight * x.low_weight * static_cast<double>(low[x.low]);
            const double b = y.low_weight * x.high_weight * static_cast<double>(low[x.high]);
            const double c = y.high_weight * x.low_weight * static_cast<double>(high[x.low]);
            const double d = y.high_weight * x.high_weight * static_cast<double>(high[x.high]);
            if (!max_) {
              sum += a + b + c + d;
            } else {
              const double top = std::max({a, b, c, d});
              sum = first ? top : std::max(sum, top);
              first = false;
            }
          }
        }
        if (!max_) sum /= static_cast<double>(std::max<int64_t>(1, h.points * w.points));
        *dst++ = static_cast<T>(static_cast<Wide<T>>(sum));
      }
    }
  }

  int64_t height_, width_;
  int64_t points_;  // 0: as many as a bin has pixels
  double scale_;
  bool max_ = false;
  bool half_pixel_ = false;
};

}  // namespace

extern const Operator kRoiAlign = {.domain = "",
                                   .name = "RoiAlign",
                                   .versions = {10, 16, 22},
                                   .inputs = {3, 3},
                                   .infer = infer,
                                   .create = make<RoiAlign>,
                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
