// ConvIntegerToFloat (escuta 1): (ConvInteger(x, w) + bias) * scale for a bias of int32,
// ConvInteger(x, w) * scale + bias for one of float. What fuse_integer_products makes.
//
// Inputs x, w, scale (float: one, or one a channel), their zero points as ConvInteger has them,
// bias [M].
#include "ops/operator.h"
#include "ops/quantized_conv.h"

namespace escuta::ops {
namespace {

enum : size_t { kX, kW, kScale, kXZero, kWZero, kBias };

class ConvIntegerToFloat final : public Kernel {
 public:
  explicit ConvIntegerToFloat(const NodeInfo& node)
      : attributes_(node), group_(node.integer("group", 1)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ConvSizes sizes,
                     conv_sizes(attributes_, group_, call.shape(kX), call.shape(kW)));
    const int64_t channels = sizes.all_out_channels();
    RETURN_IF_ERROR(check_parameter(call, kXZero, call.dtype(kX), 1));
    RETURN_IF_ERROR(check_parameter(call, kScale, DType::kFloat, channels));
    const bool whole = call.dtype(kBias) == DType::kInt32;
    RETURN_IF_ERROR(check_bias(call, kBias, whole ? DType::kInt32 : DType::kFloat, channels));
    ASSIGN_OR_RETURN(const uint32_t* weights,
                     centred_weights(call, kW, kWZero, channels, sizes.depth()));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return {};
    const auto scales = call.input(kScale).as<float>();
    const int32_t* before = whole ? call.input(kBias).as<int32_t>().data() : nullptr;
    const float* after = call.has(kBias) && !whole ? call.input(kBias).as<float>().data() : nullptr;
    const int64_t plane = sizes.windows.out_count;
    return convolve_bytes(
        call, sizes, byte_at(call, kXZero, 0), weights,
        [&](int64_t image, int64_t channel, int64_t first, int64_t count, const uint32_t* sums) {
          const float scale = scales[scales.size() == 1 ? 0 : static_cast<size_t>(channel)];
          const uint32_t add = before == nullptr ? 0 : static_cast<uint32_t>(before[channel]);
          float* out = dst + (image * channels + channel) * plane + first;
          for (int64_t i = 0; i < count; ++i) {
            out[i] = static_cast<float>(static_cast<int32_t>(sums[i] + add)) * scale;
            if (after != nullptr) out[i] += after[channel];
          }
        });
  }

 private:
  WindowAttributes attributes_;
  int64_t group_;
};

void infer(Inference& node) {
  node.set(0, DType::kFloat, infer_conv(node, WindowAttributes(node), kX, kW));
}

}  // namespace

extern const Operator kEscutaConvIntegerToFloat = {.domain = "escuta",
                                                   .name = "ConvIntegerToFloat",
                                                   .versions = {1},
                                                   .inputs = {3, 6},
                                                   .infer = infer,
                                                   .create = make<ConvIntegerToFloat>,
                                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
