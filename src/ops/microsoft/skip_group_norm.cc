#include "ops/microsoft/group_normalization.h"

namespace escuta::ops {

const Operator kMsSkipGroupNorm = {.domain = "com.microsoft",
                                   .name = "SkipGroupNorm",
                                   .versions = {1},
                                   .inputs = {4, 5},
                                   .outputs = {1, 2},
                                   .infer =
                                       [](Inference& node) {
                                         for (size_t i = 0; i < node.output_count(); ++i) {
                                           node.set(i, node.dtype(0), node.shape(0));
                                         }
                                       },
                                   .create = [](const NodeInfo& node) -> Result<KernelPtr> {
                                     auto kernel = std::make_unique<GroupNormalization>(
                                         node, /*with_skip=*/true);
                                     if (!node.status().ok()) return node.status();
                                     return KernelPtr(std::move(kernel));
                                   },
                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
