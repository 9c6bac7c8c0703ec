#include "ops/microsoft/skip_normalization.h"

namespace escuta::ops {
namespace {

struct SkipSimplifiedLayerNormalization final : SkipNormalization {
  explicit SkipSimplifiedLayerNormalization(const NodeInfo& node)
      : SkipNormalization(node, /*rms=*/true) {}
};

}  // namespace

extern const Operator kMsSkipSimplifiedLayerNormalization = {
    .domain = "com.microsoft",
    .name = "SkipSimplifiedLayerNormalization",
    .versions = {1},
    .inputs = {3, 4},
    .outputs = {1, 4},
    .infer = infer_skip_normalization,
    .create = make<SkipSimplifiedLayerNormalization>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
