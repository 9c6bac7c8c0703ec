#include "ops/microsoft/group_normalization.h"

namespace escuta::ops {
namespace {

struct GroupNorm final : GroupNormalization {
  explicit GroupNorm(const NodeInfo& node) : GroupNormalization(node, /*with_skip=*/false) {}
};

}  // namespace

extern const Operator kMsGroupNorm = {.domain = "com.microsoft",
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
                                      .create = make<GroupNorm>,
                                      .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
