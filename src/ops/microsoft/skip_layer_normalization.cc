#include "ops/microsoft/skip_normalization.h"

namespace escuta::ops {
namespace {

struct SkipLayerNormalization final : SkipNormalization {
  explicit SkipLayerNormalization(const NodeInfo& node) : SkipNormalization(node, /*rms=*/false) {}
};

}  // namespace

extern const Operator kMsSkipLayerNormalization = {.domain = "com.microsoft",
                                                   .name = "SkipLayerNormalization",
                                                   .versions = {1},
                                                   .inputs = {3, 5},
                                                   .outputs = {1, 4},
                                                   .infer = infer_skip_normalization,
                                                   .create = make<SkipLayerNormalization>,
                                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
