// Losses of classifiers: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
#pragma once

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

// -log_probability * weight of the class that `target` names, reduced as the attribute says.
class LossRule {
 public:
  explicit LossRule(const NodeInfo& node);

  // Checks that scores are [N, C, D...], targets (input 1) [N, D...], weights (input 2, may be
  // absent) [C] of the scores' type.
  Status check(const Call& call) const;

  // log_probabilities: as input 0. Output 0 gets the loss.
  template <typename T>
  Status run(Call& call, const T* log_probabilities) const;

 private:
  enum class Reduction { kNone, kSum, kMean };
  Reduction reduction_ = Reduction::kMean;
  bool ignores_;
  int64_t ignored_;
};

// The type and shape of the loss.
void infer_loss(Inference& node);

}  // namespace escuta::ops
