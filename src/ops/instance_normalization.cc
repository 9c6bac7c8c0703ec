// InstanceNormalization (Ulyanov et al., 2016): each channel of each item by itself.
#include "ops/normalize.h"

namespace escuta::ops {
namespace {

class InstanceNormalization final : public Kernel {
 public:
  explicit InstanceNormalization(const NodeInfo& node) : epsilon_(node.number("epsilon", 1e-5f)) {}

  Status run(Call& call) const override {
    const int64_t channels = call.shape(0).rank() < 2 ? 1 : call.shape(0)[1];
    return normalize_groups(call, std::max<int64_t>(channels, 1), false, epsilon_);
  }

 private:
  float epsilon_;
};

}  // namespace

extern const Operator kInstanceNormalization = {.domain = "",
                                                .name = "InstanceNormalization",
                                                .versions = {1, 6, 22},
                                                .inputs = {3, 3},
                                                .infer = infer_same,
                                                .create = make<InstanceNormalization>,
                                                .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
