// CropAndResize (com.microsoft 1): boxes of images, resized to one size; corners of a box are the
// centres of corner pixels of its crop.
#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kImages, kBoxes, kIndices, kSize };

// Where output `o` of `count` lies along an axis of `size` pixels, box from `low` to `high` of
// 0..1.
template <typename W>
W place(int64_t o, int64_t count, int64_t size, W low, W high) {
  const auto last = static_cast<W>(size - 1);
  if (count == 1) return static_cast<W>(0.5) * (low + high) * last;
  const W step = (high - low) * last / static_cast<W>(count - 1);
  return low * last + static_cast<W>(o) * step;
}

class CropAndResize final : public Kernel {
 public:
  explicit CropAndResize(const NodeInfo& node) : outside_(node.number("extrapolation_value", 0)) {
    const std::string mode = node.text("mode", "bilinear");
    nearest_ = mode == "nearest";
    if (!nearest_ && mode != "bilinear") {
      node.fail(invalid_argument("expected the mode bilinear or nearest, found {}", mode));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 4));
    RETURN_IF_ERROR(expect_shape(call, kImages, "X", {-1, -1, -1, -1}));
    RETURN_IF_ERROR(expect_shape(call, kBoxes, "rois", {-1, 4}));
    const int64_t boxes = call.shape(kBoxes)[0];
    RETURN_IF_ERROR(expect_shape(call, kIndices, "batch_indices", {boxes}));
    RETURN_IF_ERROR(expect_shape(call, kSize, "crop_size", {2}));
    ASSIGN_OR_RETURN(const auto size, elements<int32_t>(call, kSize));
    if (size[0] <= 0 || size[1] <= 0) {
      return invalid_argument("expected a crop_size over 0, found {} and {}", size[0], size[1]);
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     shape_of({boxes, call.shape(kImages)[1], size[0], size[1]}));
    return dispatch(Types<float, double, Float16>{}, call.dtype(kImages),
                    [&](auto tag) { return crop<decltype(tag)>(call, shape); });
  }

 private:
  template <typename T>
  Status crop(Call& call, const Shape& shape) const {
    using W = Wide<T>;
    ASSIGN_OR_RETURN(const auto images, elements<T>(call, kImages));
    ASSIGN_OR_RETURN(const auto boxes, elements<T>(call, kBoxes));
    ASSIGN_OR_RETURN(const auto indices, elements<int32_t>(call, kIndices));
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    const Shape& in = call.shape(kImages);
    const int64_t plane = in[2] * in[3];
    if (plane == 0) return invalid_argument("expected images, found shape {}", in.to_string());
    for (int64_t r = 0; r < shape[0]; ++r) {
      const int32_t item = indices[static_cast<size_t>(r)];
      if (item < 0 || item >= in[0]) {
        return out_of_range("expected images from 0 to {}, found {}", in[0] - 1, item);
      }
      const T* box = boxes.data() + 4 * r;
      const T* src = images.data() + item * in[1] * plane;
      for (int64_t c = 0; c < in[1]; ++c, src += plane) {
        for (int64_t i = 0; i < shape[2]; ++i) {
          const W y = place<W>(i, shape[2], in[2], box[0], box[2]);
          for (int64_t j = 0; j < shape[3]; ++j) {
            *dst++ = sample(src, in, y, place<W>(j, shape[3], in[3], box[1], box[3]));
          }
        }
      }
    }
    return {};
  }

  template <typename T>
  T sample(const T* src, const Shape& in, double y, double x) const {
    using W = Wide<T>;
    const int64_t height = in[2], width = in[3];
    // The comparison puts a NaN outside.
    if (!(y >= 0 && y <= static_cast<double>(height - 1) && x >= 0 &&
          x <= static_cast<double>(width - 1))) {
      return static_cast<T>(static_cast<W>(outside_));
    }
    if (nearest_) {
      return src[static_cast<int64_t>(std::round(y)) * width + static_cast<int64_t>(std::round(x))];
    }
    const auto top = static_cast<int64_t>(y), left = static_cast<int64_t>(x);
    const int64_t bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
    const double down = y - static_cast<double>(top), along = x - static_cast<double>(left);
    const auto at = [&](int64_t row, int64_t col) {
      return static_cast<double>(static_cast<W>(src[row * width + col]));
    };
    const double upper = at(top, left) + (at(top, right) - at(top, left)) * along;
    const double lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * along;
    return static_cast<T>(static_cast<W>(upper + (lower - upper) * down));
  }

  float outside_;
  bool nearest_;
};

void infer(Inference& node) {
  const auto size = node.constant_ints(kSize);
  const auto dim = [&](size_t i) {
    return size && size->size() == 2 && (*size)[i] > 0 ? Dim((*size)[i]) : Dim();
  };
  const Dim boxes = node.rank(kBoxes) == 2 ? (*node.shape(kBoxes))[0] : Dim();
  const Dim channels = node.rank(kImages) == 4 ? (*node.shape(kImages))[1] : Dim();
  node.set(0, node.dtype(kImages), Dims{boxes, channels, dim(0), dim(1)});
}

}  // namespace

extern const Operator kMsCropAndResize = {.domain = "com.microsoft",
                                          .name = "CropAndResize",
                                          .versions = {1},
                                          .inputs = {4, 4},
                                          .infer = infer,
                                          .create = make<CropAndResize>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
