// Col2Im (ai.onnx 18): blocks of columns [N, C blocks, L] added into images [N, C, image_shape];
// the inverse of the unfolding that turns convolutions into products.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  const std::optional<Dims> image = small_elements(node, 1);
  const std::optional<Dims> block = small_elements(node, 2);
  if (!image) return;
  Dims dims(2);
  if (node.shape(0)) {
    if (node.shape(0)->size() != 3) {
      node.fail(invalid_argument("expected [N, C blocks, L], found {} dimensions",
                                 node.shape(0)->size()));
      return;
    }
    dims[0] = node.shape(0)->front();
    const Dim channels = (*node.shape(0))[1];
    const Dim size = block ? product(*block) : Dim();
    if (channels.is_known() && size.is_known() && size.value() > 0) {
      dims[1] = Dim(channels.value() / size.value());
    }
  }
  dims.insert(dims.end(), image->begin(), image->end());
  node.set(0, node.dtype(0), std::move(dims));
}

// One spatial dimension.
struct Axis {
  int64_t image = 0;
  int64_t block = 0;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad = 0;     // before
  int64_t blocks = 0;  // places of the block
};

template <typename T>
T sum_of(T a, T b) {
  if constexpr (kIsFloat<T>) {
    return static_cast<T>(static_cast<Wide<T>>(a) + static_cast<Wide<T>>(b));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}

class Col2Im final : public Kernel {
 public:
  explicit Col2Im(const NodeInfo& node)
      : strides_(node.integers("strides")),
        dilations_(node.integers("dilations")),
        pads_(node.integers("pads")) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const IntList image, read_ints(call, 1, "image_shape"));
    ASSIGN_OR_RETURN(const IntList block, read_ints(call, 2, "block_shape"));
    std::array<Axis, kMaxRank> axes;
    if (image.count + 2 > kMaxRank || image.count == 0 || block.count != image.count) {
      return invalid_argument("expected as many block lengths as image lengths, found {} and {}",
                              block.count, image.count);
    }
    int64_t size = 1, places = 1;
    for (size_t i = 0; i < image.count; ++i) {
      ASSIGN_OR_RETURN(axes[i], axis_of(i, image, block));
      if (__builtin_mul_overflow(size, axes[i].block, &size) ||
          __builtin_mul_overflow(places, axes[i].blocks, &places)) {
        return invalid_argument("blocks or their places are more than 64 bits can count");
      }
    }
    if (x.rank() != 3 || x[1] % size != 0 || x[2] != places) {
      return invalid_argument("expected [N, C * {}, {}], found {}", size, places, x.to_string());
    }
    std::array<int64_t, kMaxRank> dims = {x[0], x[1] / size};
    std::copy_n(image.values.begin(), image.count, dims.begin() + 2);
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), image.count + 2}));
    using Elements = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t,
                           uint8_t, uint16_t, uint32_t, uint64_t, Complex64, Complex128>;
    return dispatch(Elements{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      std::fill_n(dst, shape.count(), T{});
      if (x.count() == 0 || shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      const int64_t pixels = shape.count() / (dims[0] * dims[1]);
      for (int64_t i = 0; i < dims[0] * dims[1]; ++i) {
        fold({axes.data(), image.count}, size, places, src, dst);
        src += size * places;
        dst += pixels;
      }
      return {};
    });
  }

 private:
  Result<Axis> axis_of(size_t i, const IntList& image, const IntList& block) const {
    Axis axis = {.image = image.values[i], .block = block.values[i]};
    const size_t count = image.count;
    if ((!strides_.empty() && strides_.size() != count) ||
        (!dilations_.empty() && dilations_.size() != count) ||
        (!pads_.empty() && pads_.size() != 2 * count)) {
      return invalid_argument(
          "expected {0} strides, {0} dilations and twice as many pads, found {1}, {2}, {3}", count,
          strides_.size(), dilations_.size(), pads_.size());
    }
    if (!strides_.empty()) axis.stride = strides_[i];
    if (!dilations_.empty()) axis.dilation = dilations_[i];
    const int64_t after = pads_.empty() ? 0 : pads_[count + i];
    if (!pads_.empty()) axis.pad = pads_[i];
    // No sum or product of numbers below this overflows.
    constexpr int64_t kFar = INT32_MAX;
    const auto within = [&](int64_t value, int64_t low) { return value >= low && value <= kFar; };
    if (!within(axis.image, 0) || !within(axis.block, 1) || !within(axis.stride, 1) ||
        !within(axis.dilation, 1) || !within(axis.pad, 0) || !within(after, 0)) {
      return invalid_argument(
          "axis {}: lengths, strides, dilations and pads are negative, zero or too large", i);
    }
    const int64_t room = axis.image + axis.pad + after - axis.dilation * (axis.block - 1) - 1;
    axis.blocks = room < 0 ? 0 : room / axis.stride + 1;
    return axis;
  }

  // src [size, places], dst: one image.
  template <typename T>
  static void fold(std::span<const Axis> axes, int64_t size, int64_t places, const T* src, T* dst) {
    for (int64_t in_block = 0; in_block < size; ++in_block) {
      for (int64_t place = 0; place < places; ++place, ++src) {
        int64_t offset = 0, step = 1;
        int64_t rest_block = in_block, rest_place = place;
        bool inside = true;
        for (size_t i = axes.size(); i-- > 0 && inside;) {
          const Axis& axis = axes[i];
          const int64_t at = rest_place % axis.blocks * axis.stride - axis.pad +
                             rest_block % axis.block * axis.dilation;
          inside = at >= 0 && at < axis.image;
          offset += at * step;
          step *= axis.image;
          rest_place /= axis.blocks;
          rest_block /= axis.block;
        }
        if (inside) dst[offset] = sum_of(dst[offset], *src);
      }
    }
  }

  std::vector<int64_t> strides_, dilations_, pads_;
};

}  // namespace

extern const Operator kCol2Im = {.domain = "",
                                 .name = "Col2Im",
                                 .versions = {18},
                                 .inputs = {3, 3},
                                 .infer = infer,
                                 .create = make<Col2Im>,
                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
