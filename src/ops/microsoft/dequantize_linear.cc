// DequantizeLinear (com.microsoft 1): that of ai.onnx, which has since taken in its types.
#include "ops/operator.h"

namespace escuta::ops {

extern const Operator kDequantizeLinear;

namespace {

void infer(Inference& node) { kDequantizeLinear.infer(node); }
Result<KernelPtr> create(const NodeInfo& node) { return kDequantizeLinear.create(node); }

}  // namespace

extern const Operator kMsDequantizeLinear = {.domain = "com.microsoft",
                                             .name = "DequantizeLinear",
                                             .versions = {1},
                                             .inputs = {2, 3},
                                             .infer = infer,
                                             .create = create,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
