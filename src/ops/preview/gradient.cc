// Gradient (ai.onnx.preview.training): derivatives of a value of the graph around the node, which a
// kernel cannot see. passes/expand_gradients.h writes them as nodes.
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Result<KernelPtr> create(const NodeInfo&) {
  return unimplemented("Gradient has no kernel: expand_gradients replaces it by nodes");
}

void infer(Inference& node) {
  for (size_t i = 0; i < node.output_count(); ++i) node.copy(i, i);
}

}  // namespace

extern const Operator kGradient = {.domain = "ai.onnx.preview.training",
                                   .name = "Gradient",
                                   .versions = {1},
                                   .inputs = {1, kAny},
                                   .outputs = {1, kAny},
                                   .infer = infer,
                                   .create = create,
                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
