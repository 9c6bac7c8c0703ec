#include "ops/microsoft/skip_normalization.h"

namespace escuta::ops {

const Operator kMsSkipSimplifiedLayerNormalization = {
    .domain = "com.microsoft",
    .name = "SkipSimplifiedLayerNormalization",
    .versions = {1},
    .inputs = {3, 4},
    .outputs = {1, 4},
    .infer = infer_skip_normalization,
    .create = [](const NodeInfo& node) -> Result<KernelPtr> {
      auto kernel = std::make_unique<SkipNormalization>(node, /*rms=*/true);
      if (!node.status().ok()) return node.status();
      return KernelPtr(std::move(kernel));
    },
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
