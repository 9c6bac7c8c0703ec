// Convolution of 8-bit integers, each tensor with its zero point: ConvInteger and QLinearConv.
#pragma once

#include "ops/byte_quantization.h"
#include "ops/convolution.h"
#include "ops/operator.h"

namespace escuta::ops {

// InvalidArgument unless input i is absent, or of `dtype` with one element or `channels` of them.
Status check_parameter(const Call& call, size_t i, DType dtype, int64_t channels);

// w [M, depth], int8 or uint8, minus its zero point (input zero_point: one, or one a channel).
Result<const uint32_t*> centred_weights(Call& call, size_t w, size_t zero_point, int64_t channels,
                                        int64_t depth);

// The sums of (x - zero) * weights; store as convolve's, of uint32_t. x: input 0.
template <typename Store>
Status convolve_bytes(Call& call, const ConvSizes& sizes, int32_t zero, const uint32_t* weights,
                      Store&& store) {
  return dispatch(Bytes{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    return convolve<T, uint32_t>(call, sizes, call.input(0).as<T>().data(),
                                 static_cast<uint32_t>(zero), weights, store);
  });
}

// QLinearConv of ai.onnx, and that of com.microsoft, which has `channels_last`.
void infer_qlinear_conv(Inference& node);

class QLinearConv final : public Kernel {
 public:
  explicit QLinearConv(const NodeInfo& node)
      : attributes_(node),
        group_(node.integer("group", 1)),
        channels_last_(node.integer("channels_last", 0) != 0) {}
  Status run(Call& call) const override;

 private:
  WindowAttributes attributes_;
  int64_t group_;
  bool channels_last_;
};

}  // namespace escuta::ops
