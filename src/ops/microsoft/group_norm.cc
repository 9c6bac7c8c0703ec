#include "ops/microsoft/group_normalization.h"

namespace escuta::ops {

const Operator kMsGroupNorm = {.domain = "com.microsoft",
                               .name = "GroupNorm",
                               .versions = {1},
                               .inputs = {3, 3},
                               .outputs = {1, 1},
                               .infer =
                                   [](Inference& node) {
                                     for (size_t i = 0; i < node.output_count(); ++i) {
                                       node.set(i, node.dtype(0), node.shape(0));
                                     }
                                   },
                               .create = [](const NodeInfo& node) -> Result<KernelPtr> {
                                 auto kernel = std::make_unique<GroupNormalization>(
                                     node, /*with_skip=*/false);
                                 if (!node.status().ok()) return node.status();
                                 return KernelPtr(std::move(kernel));
                               },
                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
