// CausalConvWithState: each channel convolved with its own kernel over the past; what the next call
// needs of it is output 1.
#include <cmath>

#include "ops/check_input.h"
#include "ops/operator.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

class CausalConvWithState final : public Kernel {
 public:
  explicit CausalConvWithState(const NodeInfo& node) {
    const std::string activation = node.text("activation", "none");
    swish_ = activation == "silu" || activation == "swish";
    if (!swish_ && activation != "none") {
      node.fail(invalid_argument("activation: expected none, silu or swish, found {}", activation));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_rank(call, 0, 3));
    RETURN_IF_ERROR(check_rank(call, 1, 3));
    const Shape& shape = call.shape(0);
    const int64_t channels = shape[1], length = shape[2], taps = call.shape(1)[2];
    if (call.shape(1)[0] != channels || call.shape(1)[1] != 1 || taps < 1) {
      return invalid_argument("weight: expected [{}, 1, K], found {}", channels,
                              call.shape(1).to_string());
    }
    for (size_t i = 1; i < call.input_count(); ++i) {
      if (call.has(i)) RETURN_IF_ERROR(check_dtype(call, i, call.dtype(0)));
    }
    ASSIGN_OR_RETURN(const Shape state_shape,
                     Shape::create(std::array{shape[0], channels, taps - 1}));
    ASSIGN_OR_RETURN(const float* src, widened_tensor<float>(call, call.input(0)));
    ASSIGN_OR_RETURN(const float* weight, widened_tensor<float>(call, call.input(1)));
    const float* bias = nullptr;
    const float* past = nullptr;
    if (call.has(2)) {
      RETURN_IF_ERROR(check_shape(call, 2, Shape{channels}));
      ASSIGN_OR_RETURN(bias, widened_tensor<float>(call, call.input(2)));
    }
    if (call.has(3)) {
      RETURN_IF_ERROR(check_shape(call, 3, state_shape));
      ASSIGN_OR_RETURN(past, widened_tensor<float>(call, call.input(3)));
    }
    ASSIGN_OR_RETURN(const auto dst, NarrowedOutput<float>::create(call, 0, call.dtype(0), shape));
    ASSIGN_OR_RETURN(const auto state,
                     NarrowedOutput<float>::create(call, 1, call.dtype(0), state_shape));
    int64_t line_length = 0;
    if (__builtin_add_overflow(length, taps, &line_length)) {
      return out_of_range("{} elements and {} of the past are too many", length, taps);
    }
    ASSIGN_OR_RETURN(float* line, call.scratch_of<float>(line_length));
    const int64_t lines = shape.count() + state_shape.count() > 0 ? shape[0] * channels : 0;
    for (int64_t i = 0; i < lines; ++i) {
      if (past == nullptr) {
        std::fill_n(line, taps - 1, 0.0f);
      } else {
        std::copy_n(past + i * (taps - 1), taps - 1, line);
      }
      std::copy_n(src + i * length, length, line + taps - 1);
      const int64_t c = i % channels;
      convolve(line, length, weight + c * taps, taps, bias == nullptr ? 0 : bias[c],
               dst.data() + i * length);
      std::copy_n(line + length, taps - 1, state.data() + i * (taps - 1));
    }
    RETURN_IF_ERROR(state.finish());
    return dst.finish();
  }

 private:
  // src [length + taps - 1], dst [length]
  void convolve(const float* src, int64_t length, const float* weight, int64_t taps, float bias,
                float* dst) const {
    std::fill_n(dst, length, bias);
    for (int64_t k = 0; k < taps; ++k) {
      for (int64_t t = 0; t < length; ++t) dst[t] += weight[k] * src[t + k];
    }
    if (!swish_) return;
    for (int64_t t = 0; t < length; ++t) dst[t] /= 1 + std::exp(-dst[t]);
  }

  bool swish_;
};

void infer(Inference& node) {
  infer_same(node);
  const auto& shape = node.shape(0);
  const auto& weight = node.shape(1);
  Dims state(3);
  if (shape && shape->size() == 3) state = {(*shape)[0], (*shape)[1], Dim()};
  if (weight && weight->size() == 3 && (*weight)[2].value() > 0) {
    state[2] = Dim((*weight)[2].value() - 1);
  }
  node.set(1, node.dtype(0), std::move(state));
}

}  // namespace

extern const Operator kCausalConvWithState = {.domain = "",
                                              .name = "CausalConvWithState",
                                              .versions = {27},
                                              .inputs = {2, 4},
                                              .outputs = {1, 2},
                                              .infer = infer,
                                              .create = make<CausalConvWithState>,
                                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
