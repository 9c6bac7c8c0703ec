// Runs a forest whose votes are numbers: TreeEnsemble and TreeEnsembleRegressor.
#pragma once

#include <vector>

#include "ops/ml/forest.h"
#include "ops/ml/scores.h"
#include "ops/operator.h"

namespace escuta::ops::ml {

enum class Aggregate { kAverage, kSum, kMin, kMax };  // TreeEnsemble's numbers

class ForestRegressor final : public Kernel {
 public:
  // base [targets], or [1] for the only target, or empty: added to the aggregated votes.
  // float_result: the output is float whatever the input is; else it has the input's type.
  ForestRegressor(Forest forest, size_t targets, Aggregate aggregate, PostTransform transform,
                  std::vector<double> base, bool float_result)
      : forest_(std::move(forest)),
        targets_(targets),
        aggregate_(aggregate),
        transform_(transform),
        base_(std::move(base)),
        float_result_(float_result) {}

  Status run(Call& call) const override;

 private:
  // scores [targets]: of a row; voted [targets]: whether a target has got a vote yet.
  void score(const double* row, std::span<double> scores, std::span<bool> voted) const;

  Forest forest_;
  size_t targets_;
  Aggregate aggregate_;
  PostTransform transform_;
  std::vector<double> base_;
  bool float_result_;
};

// Attribute `n_targets`; fails the node for numbers under 1.
size_t read_targets(const NodeInfo& node);

}  // namespace escuta::ops::ml
