// ConvInteger, its scaled form, and QLinearConv over 1 to 3 dimensions with constant weights, over
// kernels/conv_int8.
#include "kernels/conv_int8.h"
#include "ops/quantized_conv.h"
#include "providers/cpu/conv_sizes.h"
#include "providers/cpu/quantized.h"

namespace escuta::cpu {
namespace {

// Constant weights, packed, and how they are applied.
class ByteConv {
 public:
  explicit ByteConv(const ops::NodeInfo& node)
      : attributes_(node), groups_(node.integer("group", 1)) {}

  Status keep_weights(const KernelContext& context, const graph::Constant& w) {
    shape_ = w.shape;
    dtype_ = w.dtype;
    const auto sizes = weight_sizes<kernels::ConvInt8>(w.shape, groups_);
    if (!kernels::conv_int8_takes(sizes)) return unimplemented("so many taps of one channel");
    const std::string form = fmt::format("conv_int8:{}:{}", groups_, w.shape.to_string());
    ASSIGN_OR_RETURN(
        packed_,
        context.weights->get(context.model, w, form, kernels::packed_conv_int8_bytes(sizes),
                             [&](const std::byte* src, std::byte* dst) {
                               kernels::pack_conv_int8(sizes, src, dtype_ == DType::kInt8, dst);
                             }));
    return {};
  }

  Result<ops::ConvSizes> sizes(const ops::Call& call) const {
    if (!is_byte(call.dtype(0))) {
      return invalid_argument("expected x of 8-bit integers, found {}", dtype_name(call.dtype(0)));
    }
    return ops::conv_sizes(attributes_, groups_, call.shape(0), shape_);
  }

  // All but the destination. Inputs: the zero points of x, one, and of the weights.
  Result<kernels::ConvInt8> prepare(ops::Call& call, const ops::ConvSizes& sizes, size_t x_zero,
                                    size_t w_zero) const {
    RETURN_IF_ERROR(ops::check_parameter(call, x_zero, call.dtype(0), 1));
    RETURN_IF_ERROR(ops::check_parameter(call, w_zero, dtype_, sizes.all_out_channels()));
    kernels::ConvInt8 conv;
    set_sizes(sizes, conv);
    conv.src = call.input(0).bytes();
    conv.src_signed = call.dtype(0) == DType::kInt8;
    conv.src_zero = ops::byte_at(call, x_zero, 0);
    conv.packed_weight = packed_->data();
    ASSIGN_OR_RETURN(conv.weight_zero, widened_bytes(call, w_zero, dtype_));
    conv.weight_zero_per_channel = call.has(w_zero) && call.input(w_zero).count() > 1;
    return conv;
  }

  static Status run(ops::Call& call, const kernels::ConvInt8& conv) {
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::conv_int8_scratch_bytes(conv, call.threads())));
    kernels::run_conv_int8(conv, scratch, call.threads());
    return {};
  }

 private:
  ops::WindowAttributes attributes_;
  int64_t groups_;
  Shape shape_;
  DType dtype_ = DType::kUndefined;
  std::shared_ptr<const Buffer> packed_;
};

class ConvInteger final : public ops::Kernel {
 public:
  explicit ConvInteger(ByteConv conv) : conv_(std::move(conv)) {}

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::ConvSizes sizes, conv_.sizes(call));
    ASSIGN_OR_RETURN(kernels::ConvInt8 conv, conv_.prepare(call, sizes, 2, 3));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    ASSIGN_OR_RETURN(conv.dst, call.output<int32_t>(0, shape));
    return shape.count() == 0 ? Status() : ByteConv::run(call, conv);
  }

 private:
  ByteConv conv_;
};

// Inputs x, w, the scale of sums (one, or one a channel), zero points of x and w, bias (int32:
// added to sums; float: to what they are scaled to).
class ConvIntegerToFloat final : public ops::Kernel {
 public:
  explicit ConvIntegerToFloat(ByteConv conv) : conv_(std::move(conv)) {}

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::ConvSizes sizes, conv_.sizes(call));
    const int64_t channels = sizes.all_out_channels();
    const bool whole = call.dtype(5) == DType::kInt32;
    RETURN_IF_ERROR(ops::check_parameter(call, 2, DType::kFloat, channels));
    RETURN_IF_ERROR(ops::check_bias(call, 5, whole ? DType::kInt32 : DType::kFloat, channels));
    ASSIGN_OR_RETURN(kernels::ConvInt8 conv, conv_.prepare(call, sizes, 3, 4));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    ASSIGN_OR_RETURN(conv.dst_f32, call.output<float>(0, shape));
    if (shape.count() == 0) return {};
    ASSIGN_OR_RETURN(float* factors, call.scratch_of<float>(channels));
    const auto scales = call.input(2).as<float>();
    for (int64_t i = 0; i < channels; ++i) {
      factors[i] = scales[scales.size() == 1 ? 0 : static_cast<size_t>(i)];
    }
    conv.factor = factors;
    if (whole) {
      conv.bias = call.input(5).as<int32_t>().data();
    } else if (call.has(5)) {
      conv.bias_f32 = call.input(5).as<float>().data();
    }
    return ByteConv::run(call, conv);
  }

 private:
  ByteConv conv_;
};

// Inputs x, its scale and zero point, w, its scale and zero point, the result's scale and zero
// point, bias (int32, of scale x_scale * w_scale).
class QLinearConv final : public ops::Kernel {
 public:
  explicit QLinearConv(ByteConv conv) : conv_(std::move(conv)) {}

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::ConvSizes sizes, conv_.sizes(call));
    const int64_t channels = sizes.all_out_channels();
    RETURN_IF_ERROR(check(call, channels));
    ASSIGN_OR_RETURN(kernels::ConvInt8 conv, conv_.prepare(call, sizes, 2, 5));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    const bool is_signed = call.dtype(7) == DType::kInt8;
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, call.dtype(7), shape));
    if (shape.count() == 0) return {};
    conv.dst_u8 = reinterpret_cast<unsigned char*>(dst);
    conv.bias = call.has(8) ? call.input(8).as<int32_t>().data() : nullptr;
    ASSIGN_OR_RETURN(float* factors, call.scratch_of<float>(channels));
    const float x_scale = call.input(1).as<float>()[0], y_scale = call.input(6).as<float>()[0];
    const auto w_scales = call.input(4).as<float>();
    for (int64_t i = 0; i < channels; ++i) {
      factors[i] = x_scale * w_scales[w_scales.size() == 1 ? 0 : static_cast<size_t>(i)] / y_scale;
    }
    conv.factor = factors;
    conv.zero = ops::byte_at(call, 7, 0);
    conv.low = is_signed ? -128 : 0;
    conv.high = is_signed ? 127 : 255;
    return ByteConv::run(call, conv);
  }

 private:
  static Status check(const ops::Call& call, int64_t channels) {
    for (const size_t i : {1, 2, 4, 5, 6, 7}) {
      if (!call.has(i)) return invalid_argument("expected input {}, found none", i);
    }
    if (!is_byte(call.dtype(7))) {
      return invalid_argument("expected a zero point of 8 bits, found {}",
                              dtype_name(call.dtype(7)));
    }
    RETURN_IF_ERROR(ops::check_parameter(call, 1, DType::kFloat, 1));
    RETURN_IF_ERROR(ops::check_parameter(call, 4, DType::kFloat, channels));
    RETURN_IF_ERROR(ops::check_parameter(call, 6, DType::kFloat, 1));
    RETURN_IF_ERROR(ops::check_parameter(call, 7, call.dtype(7), 1));
    return ops::check_bias(call, 8, DType::kInt32, channels);
  }

  ByteConv conv_;
};

template <typename Kernel>
Result<engine::ChosenKernel> make(const KernelContext& context, const ops::NodeInfo& node,
                                  size_t w) {
  RETURN_IF_ERROR(require_bytes(node, 0));
  RETURN_IF_ERROR(require_bytes(node, w));
  const graph::ConstantPtr& weights = node.input(w).constant;
  if (weights == nullptr) return unimplemented("weights that are no constant");
  const int rank = weights->shape.rank();
  const int64_t groups = node.integer("group", 1);
  if (rank < 3 || rank > 5) return unimplemented("more than 3 spatial dimensions");
  if (weights->shape.count() == 0 || groups < 1 || weights->shape[0] % groups != 0) {
    return unimplemented("no weights, or groups that do not divide them");
  }
  if (node.integer("channels_last", 0) != 0) return unimplemented("channels as last dimension");
  ByteConv conv(node);
  RETURN_IF_ERROR(node.status());
  RETURN_IF_ERROR(conv.keep_weights(context, *weights));
  engine::ChosenKernel chosen;
  chosen.kept_inputs = {w};
  chosen.kernel = std::make_unique<Kernel>(std::move(conv));
  return chosen;
}

}  // namespace

Result<engine::ChosenKernel> conv_integer(const KernelContext& context, const ops::NodeInfo& node) {
  return make<ConvInteger>(context, node, 1);
}

Result<engine::ChosenKernel> conv_integer_to_float(const KernelContext& context,
                                                   const ops::NodeInfo& node) {
  return make<ConvIntegerToFloat>(context, node, 1);
}

Result<engine::ChosenKernel> qlinear_conv(const KernelContext& context, const ops::NodeInfo& node) {
  return make<QLinearConv>(context, node, 3);
}

}  // namespace escuta::cpu
