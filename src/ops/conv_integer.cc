// ConvInteger (ai.onnx 10): convolution of 8-bit integers minus their zero points, summed in int32.
#include "ops/operator.h"
#include "ops/quantized_conv.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, DType::kInt32, infer_conv(node, WindowAttributes(node), 0, 1));
}

class ConvInteger final : public Kernel {
 public:
  explicit ConvInteger(const NodeInfo& node)
      : attributes_(node), group_(node.integer("group", 1)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ConvSizes sizes,
                     conv_sizes(attributes_, group_, call.shape(0), call.shape(1)));
    RETURN_IF_ERROR(check_parameter(call, 2, call.dtype(0), 1));
    const int64_t channels = sizes.all_out_channels();
    ASSIGN_OR_RETURN(const uint32_t* weights, centred_weights(call, 1, 3, channels, sizes.depth()));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    ASSIGN_OR_RETURN(int32_t * dst, call.output<int32_t>(0, shape));
    if (shape.count() == 0) return {};
    const int64_t plane = sizes.windows.out_count;
    return convolve_bytes(
        call, sizes, byte_at(call, 2, 0), weights,
        [&](int64_t image, int64_t channel, int64_t first, int64_t count, const uint32_t* sums) {
          int32_t* out = dst + (image * channels + channel) * plane + first;
          for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int32_t>(sums[i]);
        });
  }

 private:
  WindowAttributes attributes_;
  int64_t group_;
};

}  // namespace

extern const Operator kConvInteger = {.domain = "",
                                      .name = "ConvInteger",
                                      .versions = {10},
                                      .inputs = {2, 4},
                                      .infer = infer,
                                      .create = make<ConvInteger>};

}  // namespace escuta::ops
