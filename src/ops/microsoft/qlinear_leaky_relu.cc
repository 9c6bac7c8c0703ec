// QLinearLeakyRelu (com.microsoft 1): x, or alpha x where x < 0, of a quantised tensor.
#include "ops/microsoft/qlinear_unary.h"

namespace escuta::ops {
namespace {

class QLinearLeakyRelu final : public Kernel {
 public:
  explicit QLinearLeakyRelu(const NodeInfo& node) : alpha_(node.number("alpha", 0.01F)) {}
  Status run(Call& call) const override {
    return run_qlinear_unary(call, [this](float x) { return x < 0 ? alpha_ * x : x; });
  }

 private:
  float alpha_;
};

}  // namespace

extern const Operator kMsQLinearLeakyRelu = {.domain = "com.microsoft",
                                             .name = "QLinearLeakyRelu",
                                             .versions = {1},
                                             .inputs = {2, 5},
                                             .infer = infer_same,
                                             .create = make<QLinearLeakyRelu>,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
