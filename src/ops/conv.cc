// Conv (ai.onnx 1, 11, 22): y = x * w + bias over any number of spatial dimensions.
#include "ops/convolution.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), infer_conv(node, WindowAttributes(node), 0, 1));
}

class Conv final : public Kernel {
 public:
  explicit Conv(const NodeInfo& node) : attributes_(node), group_(node.integer("group", 1)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ConvSizes sizes,
                     conv_sizes(attributes_, group_, call.shape(0), call.shape(1)));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return run_float_conv<decltype(tag)>(call, sizes, [](auto*, int64_t, int64_t) {});
    });
  }

 private:
  WindowAttributes attributes_;
  int64_t group_;
};

}  // namespace

extern const Operator kConv = {.domain = "",
                               .name = "Conv",
                               .versions = {1, 11, 22},
                               .inputs = {2, 3},
                               .infer = infer,
                               .create = make<Conv>,
                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
