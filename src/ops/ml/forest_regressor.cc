#include "ops/ml/forest_regressor.h"

#include <algorithm>

#include "ops/ml/rows.h"

namespace escuta::ops::ml {

void ForestRegressor::score(const double* row, std::span<double> scores,
                            std::span<bool> voted) const {
  std::ranges::fill(scores, 0.0);
  std::ranges::fill(voted, false);
  for (size_t tree = 0; tree < forest_.trees(); ++tree) {
    for (const Forest::Vote& vote : forest_.votes(tree, row)) {
      double& score = scores[vote.target];
      if (!voted[vote.target]) {
        score = vote.weight;
      } else if (aggregate_ == Aggregate::kMin) {
        score = std::min(score, vote.weight);
      } else if (aggregate_ == Aggregate::kMax) {
        score = std::max(score, vote.weight);
      } else {
        score += vote.weight;
      }
      voted[vote.target] = true;
    }
  }
  if (aggregate_ == Aggregate::kAverage && forest_.trees() > 0) {
    for (double& score : scores) score /= static_cast<double>(forest_.trees());
  }
  for (size_t i = 0; i < base_.size() && base_.size() == scores.size(); ++i) scores[i] += base_[i];
  transform_scores(transform_, scores);
}

Status ForestRegressor::run(Call& call) const {
  ASSIGN_OR_RETURN(const Rows rows, rows_of(call, 0));
  RETURN_IF_ERROR(forest_.check_width(rows.width));
  const std::array<int64_t, 2> dims = {rows.count, static_cast<int64_t>(targets_)};
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
  const DType dtype = float_result_ ? DType::kFloat : call.dtype(0);
  return dispatch(Types<float, double, Float16>{}, dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
    ASSIGN_OR_RETURN(double* scores, call.scratch_of<double>(dims[1]));
    ASSIGN_OR_RETURN(bool* voted, call.scratch_of<bool>(dims[1]));
    for (int64_t n = 0; n < rows.count; ++n) {
      RETURN_IF_ERROR(call.check_cancelled());
      load_row(call.input(0), n, rows.width, row);
      score(row, {scores, targets_}, {voted, targets_});
      for (size_t i = 0; i < targets_; ++i) {
        if constexpr (kIsHalf<T>) {
          *dst++ = T(static_cast<float>(scores[i]));
        } else {
          *dst++ = static_cast<T>(scores[i]);
        }
      }
    }
    return {};
  });
}

size_t read_targets(const NodeInfo& node) {
  const int64_t targets = node.integer("n_targets", 1);
  if (targets < 1) {
    node.fail(invalid_argument("attribute `n_targets`: expected 1 or more, found {}", targets));
    return 1;
  }
  return static_cast<size_t>(targets);
}

}  // namespace escuta::ops::ml
