// Conv and FusedConv in f32 over 1 to 3 dimensions; constant weights are packed once.
#include "kernels/conv_rows.h"
#include "kernels/gemm.h"

#include "providers/cpu/conv_sizes.h"
#include "providers/cpu/kernels.h"

namespace escuta::cpu {
namespace {

class Conv final : public ops::Kernel {
 public:
  Conv(const ops::NodeInfo& node, kernels::Activation activation)
      : attributes_(node), groups_(node.integer("group", 1)), activation_(activation) {}

  // Depthwise loops take plain weights.
  Status keep_weights(const KernelContext& context, const graph::Constant& w) {
    w_shape_ = w.shape;
    auto sizes = weight_sizes<kernels::Conv>(w.shape, groups_);
    const std::string form = fmt::format("conv:{}:{}", groups_, w.shape.to_string());
    ASSIGN_OR_RETURN(
        packed_, context.weights->get(context.model, w, form, kernels::packed_conv_bytes(sizes),
                                      [&](const std::byte* src, std::byte* dst) {
                                        sizes.weight = reinterpret_cast<const float*>(src);
                                        kernels::pack_conv(sizes, reinterpret_cast<float*>(dst));
                                      }));
    return keep_columns(context, w);
  }

  // How many positions there are shows at the run alone; small weights are there in both forms.
  Status keep_columns(const KernelContext& context, const graph::Constant& w) {
    constexpr int64_t kSmall = 256 << 10;
    if (groups_ != 1 || w.shape.count() > kSmall) return Status();
    const int64_t n = w.shape[0], k = w.shape.count() / n;
    const auto pack = [&](const std::byte* src, std::byte* dst) {
      kernels::pack_b(reinterpret_cast<const float*>(src), k, true, k, n,
                      reinterpret_cast<float*>(dst));
    };
    ASSIGN_OR_RETURN(columns_,
                     context.weights->get(context.model, w, fmt::format("conv_rows:{}:{}", k, n),
                                          kernels::packed_b_bytes(k, n), pack));
    return Status();
  }

  Status run(ops::Call& call) const override {
    const Shape& w = packed_ != nullptr ? w_shape_ : call.shape(1);
    for (const size_t i : {0, 1, 2}) {
      if (call.has(i) && call.dtype(i) != DType::kFloat) {
        return invalid_argument("expected float inputs, found {}", dtype_name(call.dtype(i)));
      }
    }
    ASSIGN_OR_RETURN(const ops::ConvSizes sizes,
                     ops::conv_sizes(attributes_, groups_, call.shape(0), w));
    RETURN_IF_ERROR(ops::check_bias(call, 2, DType::kFloat, sizes.all_out_channels()));
    ASSIGN_OR_RETURN(const Shape shape, sizes.output());
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return Status();
    kernels::Conv conv;
    set_sizes(sizes, conv);
    conv.src = call.input(0).as<float>().data();
    if (packed_ != nullptr) {
      conv.packed_weight = reinterpret_cast<const float*>(packed_->data());
    } else {
      conv.weight = call.input(1).as<float>().data();
    }
    conv.bias = call.has(2) ? call.input(2).as<float>().data() : nullptr;
    conv.activation = activation_;
    conv.dst = dst;
    if (columns_ != nullptr && kernels::conv_rows_suits(conv)) {
      conv.packed_weight = reinterpret_cast<const float*>(columns_->data());
      ASSIGN_OR_RETURN(std::byte * scratch,
                       call.scratch(kernels::conv_rows_scratch_bytes(conv, call.threads())));
      kernels::run_conv_rows(conv, scratch, call.threads());
      return Status();
    }
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::conv_scratch_bytes(conv, call.threads())));
    kernels::run_conv(conv, scratch, call.threads());
    return Status();
  }

 private:
  ops::WindowAttributes attributes_;
  int64_t groups_;
  kernels::Activation activation_;
  Shape w_shape_;                          // of kept weights
  std::shared_ptr<const Buffer> packed_;   // null: weights are an input
  std::shared_ptr<const Buffer> columns_;  // for few positions; null: not kept
};

}  // namespace

Result<engine::ChosenKernel> conv(const KernelContext& context, const ops::NodeInfo& node) {
  for (const size_t i : {0, 1, 2}) {
    if (i < 2 || node.has_input(i)) RETURN_IF_ERROR(require_dtype(node, i, DType::kFloat));
  }
  const auto rank = node.rank(1);
  if (!rank || *rank < 3 || *rank > 5) return unimplemented("more than 3 spatial dimensions");
  if (node.has_input(3)) return unimplemented("a tensor added to the result");
  kernels::Activation activation = kernels::Activation::kNone;
  const std::string name = node.text("activation", "");
  if (name == "Relu") {
    activation = kernels::Activation::kRelu;
  } else if (name == "Tanh") {
    activation = kernels::Activation::kTanh;
  } else if (name == "Sigmoid") {
    activation = kernels::Activation::kSigmoid;
  } else if (!name.empty()) {
    return unimplemented("the activation {}", name);
  }
  auto kernel = std::make_unique<Conv>(node, activation);
  RETURN_IF_ERROR(node.status());
  engine::ChosenKernel chosen;
  const graph::ConstantPtr& w = node.input(1).constant;
  const int64_t groups = node.integer("group", 1);
  const bool sound =
      w != nullptr && w->shape.count() > 0 && groups > 0 && w->shape[0] % groups == 0;
  const bool depthwise = sound && w->shape[1] == 1 && w->shape[0] == groups;
  if (sound && !depthwise) {
    RETURN_IF_ERROR(kernel->keep_weights(context, *w));
    chosen.kept_inputs = {1};
  }
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace escuta::cpu
