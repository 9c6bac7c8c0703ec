// AffineGrid (ai.onnx 20): for each pixel of an image of `size`, the place that the affine map
// theta sends it to; coordinates run from -1 to 1 over the image. theta [N, 2, 3], size (N, C, H,
// W) gives [N, H, W, 2]; theta [N, 3, 4], size (N, C, D, H, W) gives [N, D, H, W, 3]; x comes
// first.
#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  const std::optional<Dims> size = small_elements(node, 1);
  if (!size || (size->size() != 4 && size->size() != 5)) return;
  Dims dims = {(*size)[0]};
  dims.insert(dims.end(), size->begin() + 2, size->end());
  dims.emplace_back(static_cast<int64_t>(size->size()) - 2);
  node.set(0, node.dtype(0), std::move(dims));
}

// The coordinate of place i of `length`.
double coordinate(int64_t i, int64_t length, bool align_corners) {
  const auto at = static_cast<double>(i), all = static_cast<double>(length);
  if (!align_corners) return (2 * at + 1) / all - 1;
  return length == 1 ? -1.0 : 2 * at / (all - 1) - 1;
}

class AffineGrid final : public Kernel {
 public:
  explicit AffineGrid(const NodeInfo& node) : align_(node.integer("align_corners", 0) != 0) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    ASSIGN_OR_RETURN(const IntList size, read_ints(call, 1, "size"));
    const Shape& theta = call.shape(0);
    const auto spatial = static_cast<int64_t>(size.count) - 2;
    if ((spatial != 2 && spatial != 3) || theta != Shape{theta[0], spatial, spatial + 1} ||
        theta[0] != size.values[0]) {
      return invalid_argument(
          "expected theta [N, 2, 3] and 4 sizes or [N, 3, 4] and 5 sizes, found {} and {} sizes",
          theta.to_string(), size.count);
    }
    // Two spatial dimensions are three of which the first has one place.
    std::array<int64_t, 3> places = {1, 1, 1};
    std::array<int64_t, 5> dims{};
    dims[0] = size.values[0];
    for (int64_t i = 0; i < spatial; ++i) {
      const int64_t length = size.values[static_cast<size_t>(i + 2)];
      dims[static_cast<size_t>(i + 1)] = length;
      places[static_cast<size_t>(3 - spatial + i)] = length;
    }
    dims[static_cast<size_t>(spatial + 1)] = spatial;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(spatial) + 2}));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* map = call.input(0).as<T>().data();
      for (int64_t n = 0; n < dims[0]; ++n, map += spatial * (spatial + 1)) {
        dst = write_grid(map, places, spatial, dst);
      }
      return {};
    });
  }

 private:
  // map: [spatial, spatial + 1], applied to (x, y, 1) or (x, y, z, 1).
  template <typename T>
  T* write_grid(const T* map, const std::array<int64_t, 3>& places, int64_t spatial, T* dst) const {
    for (int64_t d = 0; d < places[0]; ++d) {
      for (int64_t h = 0; h < places[1]; ++h) {
        for (int64_t w = 0; w < places[2]; ++w) {
          const std::array<double, 3> at = {coordinate(w, places[2], align_),
                                            coordinate(h, places[1], align_),
                                            coordinate(d, places[0], align_)};
          for (int64_t row = 0; row < spatial; ++row) {
            const T* factors = map + row * (spatial + 1);
            auto sum = static_cast<double>(factors[spatial]);
            for (int64_t i = 0; i < spatial; ++i) {
              sum += static_cast<double>(factors[i]) * at[static_cast<size_t>(i)];
            }
            *dst++ = static_cast<T>(static_cast<Wide<T>>(sum));
          }
        }
      }
    }
    return dst;
  }

  bool align_;
};

}  // namespace

extern const Operator kAffineGrid = {.domain = "",
                                     .name = "AffineGrid",
                                     .versions = {20},
                                     .inputs = {2, 2},
                                     .infer = infer,
                                     .create = make<AffineGrid>,
                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
