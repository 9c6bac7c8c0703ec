// FusedConv (com.microsoft 1): activation(x * w + bias + z), of Conv's attributes and `activation`,
// whose parameters are `activation_params` in order.
#include "ops/activation.h"
#include "ops/convolution.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), infer_conv(node, WindowAttributes(node), 0, 1));
}

class FusedConv final : public Kernel {
 public:
  explicit FusedConv(const NodeInfo& node) : attributes_(node), group_(node.integer("group", 1)) {
    const std::string name = node.text("activation", "");
    if (name.empty()) return;
    const NamedActivation* named = find_activation(name);
    if (named == nullptr) {
      node.fail(invalid_argument("attribute `activation`: found {}, which is not known", name));
      return;
    }
    active_ = true;
    activation_ = named->activation;
    const std::vector<float> values = node.numbers("activation_params");
    if (named->has_alpha && !values.empty()) activation_.alpha = values[0];
    if (named->has_beta && values.size() > 1) activation_.beta = values[1];
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ConvSizes sizes,
                     conv_sizes(attributes_, group_, call.shape(0), call.shape(1)));
    if (call.has(3)) {
      ASSIGN_OR_RETURN(const Shape shape, sizes.output());
      RETURN_IF_ERROR(check_dtype(call, 3, call.dtype(0)));
      RETURN_IF_ERROR(check_shape(call, 3, shape));
    }
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* z = call.has(3) ? call.input(3).as<T>().data() : nullptr;
      return run_float_conv<T>(call, sizes, [&](auto* values, int64_t count, int64_t at) {
        for (int64_t i = 0; z != nullptr && i < count; ++i) values[i] += z[at + i];
        if (active_) activation_.apply(values, count);
      });
    });
  }

 private:
  WindowAttributes attributes_;
  int64_t group_;
  bool active_ = false;
  Activation activation_;
};

}  // namespace

extern const Operator kMsFusedConv = {.domain = "com.microsoft",
                                      .name = "FusedConv",
                                      .versions = {1},
                                      .inputs = {2, 4},
                                      .infer = infer,
                                      .create = make<FusedConv>,
                                      .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
