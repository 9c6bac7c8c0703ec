#include "ops/microsoft/group_normalization.h"

namespace escuta::ops {
namespace {

struct SkipGroupNorm final : GroupNormalization {
  explicit SkipGroupNorm(const NodeInfo& node) : GroupNormalization(node, /*with_skip=*/true) {}
};

}  // namespace

extern const Operator kMsSkipGroupNorm = {.domain = "com.microsoft",
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
                                          .create = make<SkipGroupNorm>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
