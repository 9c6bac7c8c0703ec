// QLinearSoftmax (com.microsoft 1): Softmax of a quantised tensor. `opset` says which Softmax: up
// to 12 over all dimensions from `axis` on, from 13 over that axis. Inputs: X, X_scale,
// x_zero_point, y_scale, y_zero_point.
#include <cmath>

#include "ops/byte_quantization.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class QLinearSoftmax final : public Kernel {
 public:
  explicit QLinearSoftmax(const NodeInfo& node)
      : flattened_(node.integer("opset", 13) < 13), axis_(node.integer("axis", -1)) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    const DType dtype = call.dtype(0);
    const int64_t axis = axis_ < 0 ? axis_ + shape.rank() : axis_;
    if (axis < 0 || axis > shape.rank() || (axis == shape.rank() && !flattened_)) {
      return invalid_argument("axis {} is outside of shape {}", axis_, shape.to_string());
    }
    int64_t outer = 1, count = 1, step = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      (i < axis ? outer : i == axis || flattened_ ? count : step) *= shape[i];
    }
    ASSIGN_OR_RETURN(const Quantizer x, read_quantizer(call, 1, 2, dtype));
    ASSIGN_OR_RETURN(const Quantizer y, read_quantizer(call, 3, 4, dtype));
    return dispatch(Bytes{}, dtype, [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      for (int64_t i = 0; i < outer * step; ++i) {
        const int64_t at = i / step * count * step + i % step;
        line(src + at, dst + at, count, step, x, y);
      }
      return {};
    });
  }

 private:
  // The zero point of x falls out of the differences.
  template <typename T>
  static void line(const T* src, T* dst, int64_t count, int64_t step, const Quantizer& x,
                   const Quantizer& y) {
    int32_t top = src[0];
    for (int64_t i = 1; i < count; ++i) top = std::max<int32_t>(top, src[i * step]);
    const auto power = [&](int64_t i) {
      return std::exp(static_cast<float>(src[i * step] - top) * x.scale);
    };
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += power(i);
    const auto factor = static_cast<float>(1 / (sum * y.scale));
    for (int64_t i = 0; i < count; ++i) dst[i * step] = saturate<T>(power(i) * factor, y.zero);
  }

  bool flattened_;
  int64_t axis_;
};

}  // namespace

extern const Operator kMsQLinearSoftmax = {.domain = "com.microsoft",
                                           .name = "QLinearSoftmax",
                                           .versions = {1},
                                           .inputs = {2, 5},
                                           .infer = infer_same,
                                           .create = make<QLinearSoftmax>,
                                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
