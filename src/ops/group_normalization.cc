// GroupNormalization (Wu and He, 2018); scale and bias are per group before version 21, then per
// channel.
#include "ops/normalize.h"

namespace escuta::ops {
namespace {

class GroupNormalization final : public Kernel {
 public:
  explicit GroupNormalization(const NodeInfo& node)
      : groups_(node.integer("num_groups", 0)),
        per_group_(node.version() < 21),
        epsilon_(node.number("epsilon", 1e-5f)) {
    if (groups_ < 1) {
      node.fail(invalid_argument("num_groups: expected 1 or more, found {}", groups_));
    }
  }

  Status run(Call& call) const override {
    return normalize_groups(call, groups_, per_group_, epsilon_);
  }

 private:
  int64_t groups_;
  bool per_group_;
  float epsilon_;
};

}  // namespace

extern const Operator kGroupNormalization = {.domain = "",
                                             .name = "GroupNormalization",
                                             .versions = {18, 21},
                                             .inputs = {3, 3},
                                             .infer = infer_same,
                                             .create = make<GroupNormalization>,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
