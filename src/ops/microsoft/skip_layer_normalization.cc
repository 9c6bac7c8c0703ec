#include "ops/microsoft/skip_normalization.h"

namespace escuta::ops {

const Operator kMsSkipLayerNormalization = {
    .domain = "com.microsoft",
    .name = "SkipLayerNormalization",
    .versions = {1},
    .inputs = {3, 5},
    .outputs = {1, 4},
    .infer = infer_skip_normalization,
    .create = [](const NodeInfo& node) -> Result<KernelPtr> {
      auto kernel = std::make_unique<SkipNormalization>(node, /*rms=*/false);
      if (!node.status().ok()) return node.status();
      return KernelPtr(std::move(kernel));
    },
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
