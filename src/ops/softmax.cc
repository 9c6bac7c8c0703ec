// Softmax (ai.onnx 1, 11, 13): exp(x - max) / sum over `axis`; before version 13 over all
// dimensions from `axis` on.
#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// src, dst: `count` elements, `step` apart.
template <typename T>
void softmax_line(const T* src, T* dst, int64_t count, int64_t step) {
  using W = Wide<T>;
  W top = src[0];
  for (int64_t i = 1; i < count; ++i) top = std::max<W>(top, src[i * step]);
  W sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(static_cast<W>(src[i * step]) - top);
  for (int64_t i = 0; i < count; ++i) {
    dst[i * step] = static_cast<T>(std::exp(static_cast<W>(src[i * step]) - top) / sum);
  }
}

class Softmax final : public Kernel {
 public:
  explicit Softmax(const NodeInfo& node)
      : flattened_(node.version() < 13), axis_(node.integer("axis", flattened_ ? 1 : -1)) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    const int64_t axis = axis_ < 0 ? axis_ + shape.rank() : axis_;
    if (axis < 0 || axis > shape.rank() || (axis == shape.rank() && !flattened_)) {
      return invalid_argument("axis {} is outside of shape {}", axis_, shape.to_string());
    }
    int64_t outer = 1, count = 1, step = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      (i < axis ? outer : i == axis || flattened_ ? count : step) *= shape[i];
    }
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      const T* src = call.input(0).as<T>().data();
      if (count == 0) return {};
      for (int64_t i = 0; i < outer; ++i) {
        for (int64_t j = 0; j < step; ++j) {
          softmax_line(src + i * count * step + j, dst + i * count * step + j, count, step);
        }
      }
      return {};
    });
  }

 private:
  bool flattened_;
  int64_t axis_;
};

}  // namespace

const Operator kSoftmax = {.domain = "",
                           .name = "Softmax",
                           .versions = {1, 11, 13},
                           .inputs = {1, 1},
                           .infer = infer_same,
                           .create = make<Softmax>,
                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
