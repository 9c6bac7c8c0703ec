// MaxRoiPool (ai.onnx 1, 22): the maximum of each bin of a grid laid over regions of images
// (Girshick, Fast R-CNN, 2015). Bins without pixels are 0.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

std::array<int64_t, 2> pooled_of(const NodeInfo& node) {
  const std::vector<int64_t> pooled = node.integers("pooled_shape");
  if (pooled.size() != 2 || pooled[0] < 1 || pooled[1] < 1) {
    node.fail(invalid_argument("attribute `pooled_shape`: expected a height and a width above 0"));
    return {1, 1};
  }
  return {pooled[0], pooled[1]};
}

void infer(Inference& node) {
  const auto pooled = pooled_of(node);
  Dims dims = {Dim(), Dim(), Dim(pooled[0]), Dim(pooled[1])};
  if (node.shape(1) && !node.shape(1)->empty()) dims[0] = node.shape(1)->front();
  if (node.shape(0) && node.shape(0)->size() == 4) dims[1] = (*node.shape(0))[1];
  node.set(0, node.dtype(0), std::move(dims));
}

// Pixels [begin, end) of bin i of `bins`, over a region that begins at `start`.
struct Span {
  int64_t begin, end;
};
Span bin_of(int64_t i, int64_t bins, int64_t start, int64_t size, int64_t length) {
  const double step = static_cast<double>(size) / static_cast<double>(bins);
  const auto begin = static_cast<int64_t>(std::floor(static_cast<double>(i) * step));
  const auto end = static_cast<int64_t>(std::ceil(static_cast<double>(i + 1) * step));
  return {std::clamp<int64_t>(begin + start, 0, length),
          std::clamp<int64_t>(end + start, 0, length)};
}

class MaxRoiPool final : public Kernel {
 public:
  explicit MaxRoiPool(const NodeInfo& node)
      : pooled_(pooled_of(node)), scale_(node.number("spatial_scale", 1)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_same_dtype(call, 0, 1));
    const Shape& x = call.shape(0);
    if (x.rank() != 4 || call.shape(1).rank() != 2 || call.shape(1)[1] != 5) {
      return invalid_argument("expected X [N, C, H, W] and rois [R, 5], found {} and {}",
                              x.to_string(), call.shape(1).to_string());
    }
    const int64_t regions = call.shape(1)[0];
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create(std::array<int64_t, 4>{regions, x[1], pooled_[0], pooled_[1]}));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      const T* rois = call.input(1).as<T>().data();
      for (int64_t i = 0; i < regions; ++i, rois += 5) {
        std::array<int64_t, 4> corners;  // x1, y1, x2, y2
        for (size_t k = 0; k < 4; ++k) {
          const double at = std::round(static_cast<double>(rois[k + 1]) * scale_);
          if (!(std::fabs(at) < 0x1p31)) {
            return invalid_argument("{} is no corner of a region",
                                    static_cast<double>(rois[k + 1]));
          }
          corners[k] = static_cast<int64_t>(at);
        }
        const auto image = static_cast<double>(rois[0]);
        if (!(image >= 0 && image < static_cast<double>(x[0]))) {
          return invalid_argument("expected images from 0 to {}, found {}", x[0] - 1, image);
        }
        const T* planes = src + static_cast<int64_t>(image) * x[1] * x[2] * x[3];
        for (int64_t c = 0; c < x[1]; ++c, planes += x[2] * x[3]) {
          dst = pool(planes, x[2], x[3], corners, dst);
        }
      }
      return {};
    });
  }

 private:
  template <typename T>
  T* pool(const T* plane, int64_t height, int64_t width, const std::array<int64_t, 4>& corners,
          T* dst) const {
    const int64_t region_width = std::max<int64_t>(corners[2] - corners[0] + 1, 1);
    const int64_t region_height = std::max<int64_t>(corners[3] - corners[1] + 1, 1);
    for (int64_t i = 0; i < pooled_[0]; ++i) {
      const Span rows = bin_of(i, pooled_[0], corners[1], region_height, height);
      for (int64_t j = 0; j < pooled_[1]; ++j) {
        const Span cols = bin_of(j, pooled_[1], corners[0], region_width, width);
        const bool empty = rows.end <= rows.begin || cols.end <= cols.begin;
        Wide<T> top = empty ? 0 : -std::numeric_limits<Wide<T>>::infinity();
        for (int64_t r = rows.begin; r < rows.end; ++r) {
          for (int64_t c = cols.begin; c < cols.end; ++c) {
            top = std::max<Wide<T>>(top, plane[r * width + c]);
          }
        }
        *dst++ = static_cast<T>(top);
      }
    }
    return dst;
  }

  std::array<int64_t, 2> pooled_;
  double scale_;
};

}  // namespace

extern const Operator kMaxRoiPool = {.domain = "",
                                     .name = "MaxRoiPool",
                                     .versions = {1, 22},
                                     .inputs = {2, 2},
                                     .infer = infer,
                                     .create = make<MaxRoiPool>,
                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
