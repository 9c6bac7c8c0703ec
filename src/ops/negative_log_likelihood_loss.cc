#include "ops/loss.h"

namespace escuta::ops {
namespace {

class NegativeLogLikelihoodLoss final : public Kernel {
 public:
  explicit NegativeLogLikelihoodLoss(const NodeInfo& node) : rule_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(rule_.check(call));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return rule_.run(call, call.input(0).as<decltype(tag)>().data());
    });
  }

 private:
  LossRule rule_;
};

}  // namespace

extern const Operator kNegativeLogLikelihoodLoss = {.domain = "",
                                                    .name = "NegativeLogLikelihoodLoss",
                                                    .versions = {12, 13, 22},
                                                    .inputs = {2, 3},
                                                    .infer = infer_loss,
                                                    .create = make<NegativeLogLikelihoodLoss>,
                                                    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
