// QuantizeLinear (com.microsoft 1): that of ai.onnx, which has since taken in its types.
#include "ops/operator.h"

namespace escuta::ops {

extern const Operator kQuantizeLinear;

namespace {

void infer(Inference& node) { kQuantizeLinear.infer(node); }
Result<KernelPtr> create(const NodeInfo& node) { return kQuantizeLinear.create(node); }

}  // namespace

extern const Operator kMsQuantizeLinear = {.domain = "com.microsoft",
                                           .name = "QuantizeLinear",
                                           .versions = {1},
                                           .inputs = {2, 3},
                                           .infer = infer,
                                           .create = create,
                                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
