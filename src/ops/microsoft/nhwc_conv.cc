// NhwcConv (com.microsoft 1): Conv of [N, D1, ..., Dn, C] with weights [M, C / group, k1, ..., kn].
#include "ops/convolution.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class NhwcConv final : public Kernel {
 public:
  explicit NhwcConv(const NodeInfo& node) : attributes_(node), group_(node.integer("group", 1)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ConvSizes sizes, conv_sizes(attributes_, group_, call.shape(0),
                                                       call.shape(1), /*channels_last=*/true));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    if (call.dtype(1) != call.dtype(0)) {
      return invalid_argument("expected weights of type {}, found {}", dtype_name(call.dtype(0)),
                              dtype_name(call.dtype(1)));
    }
    RETURN_IF_ERROR(check_bias(call, 2, call.dtype(0), sizes.all_out_channels()));
    if (call.dtype(0) == DType::kDouble) {
      ASSIGN_OR_RETURN(double* dst, call.output<double>(0, shape));
      const double* bias = call.has(2) ? call.input(2).as<double>().data() : nullptr;
      return compute(call, sizes, call.input(0).as<double>().data(),
                     call.input(1).as<double>().data(), bias, shape, dst);
    }
    ASSIGN_OR_RETURN(const float* x, floats(call, 0));
    ASSIGN_OR_RETURN(const float* w, floats(call, 1));
    ASSIGN_OR_RETURN(const float* bias, floats(call, 2));
    ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(0), shape));
    RETURN_IF_ERROR(compute(call, sizes, x, w, bias, shape, output.data()));
    output.store();
    return {};
  }

 private:
  template <typename T>
  static Status compute(Call& call, const ConvSizes& sizes, const T* x, const T* w, const T* bias,
                        const Shape& shape, T* dst) {
    if (shape.count() == 0) return {};
    const int64_t plane = sizes.windows.out_count, channels = sizes.all_out_channels();
    return convolve<T, T>(
        call, sizes, x, T{}, w,
        [&](int64_t image, int64_t channel, int64_t first, int64_t count, const T* sums) {
          T* at = dst + (image * plane + first) * channels + channel;
          const T add = bias == nullptr ? T{} : bias[channel];
          for (int64_t i = 0; i < count; ++i) at[i * channels] = sums[i] + add;
        });
  }

  WindowAttributes attributes_;
  int64_t group_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(0), infer_conv(node, WindowAttributes(node), 0, 1, true));
}

}  // namespace

extern const Operator kMsNhwcConv = {.domain = "com.microsoft",
                                     .name = "NhwcConv",
                                     .versions = {1},
                                     .inputs = {2, 3},
                                     .infer = infer,
                                     .create = make<NhwcConv>,
                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
