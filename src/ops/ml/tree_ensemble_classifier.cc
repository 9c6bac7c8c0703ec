// TreeEnsembleClassifier (ai.onnx.ml 1, 3, 5).
//
// How votes become a class and scores follows ONNX Runtime (tree_ensemble_aggregator.h there), as
// the specification leaves it open; two classes are the odd case.
#include <algorithm>

#include "ops/ml/forest.h"
#include "ops/ml/labels.h"
#include "ops/ml/rows.h"
#include "ops/ml/scores.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// The votes for each class of one row, and who got any.
struct Tally {
  std::span<double> scores;
  std::span<bool> voted;
};

class TreeEnsembleClassifier final : public Kernel {
 public:
  TreeEnsembleClassifier(ml::Forest forest, ml::Labels labels, ml::PostTransform transform,
                         std::vector<double> base, bool one_class_voted, bool positive)
      : forest_(std::move(forest)),
        labels_(std::move(labels)),
        transform_(transform),
        base_(std::move(base)),
        one_class_voted_(one_class_voted),
        positive_(positive) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
    RETURN_IF_ERROR(forest_.check_width(rows.width));
    const size_t count = labels_.size();
    const std::array<int64_t, 2> dims = {rows.count, static_cast<int64_t>(count)};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(std::byte * classes, call.allocate(0, labels_.dtype(), Shape({rows.count})));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(1, shape));
    ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
    ASSIGN_OR_RETURN(double* scores, call.scratch_of<double>(dims[1]));
    ASSIGN_OR_RETURN(bool* voted, call.scratch_of<bool>(dims[1]));
    const Tally tally = {{scores, count}, {voted, count}};
    for (int64_t n = 0; n < rows.count; ++n) {
      RETURN_IF_ERROR(call.check_cancelled());
      ml::load_row(call.input(0), n, rows.width, row);
      std::ranges::fill(tally.scores, 0.0);
      std::ranges::fill(tally.voted, false);
      for (size_t tree = 0; tree < forest_.trees(); ++tree) {
        for (const ml::Forest::Vote& vote : forest_.votes(tree, row)) {
          tally.scores[vote.target] += vote.weight;
          tally.voted[vote.target] = true;
        }
      }
      finish(tally, classes, n);
      for (const double score : tally.scores) *dst++ = static_cast<float>(score);
    }
    return {};
  }

 private:
  void finish(const Tally& tally, std::byte* classes, int64_t n) const {
    if (labels_.size() == 2) return finish_two(tally, classes, n);
    for (size_t i = 0; i < base_.size(); ++i) {
      tally.scores[i] += base_[i];
      tally.voted[i] = true;
    }
    if (labels_.size() == 1) {
      labels_.store_yes_or_no(classes, n, tally.scores[0] > 0);
    } else {
      size_t best = 0;
      for (size_t i = 1; i < tally.scores.size(); ++i) {
        const bool better = !tally.voted[best] || tally.scores[i] > tally.scores[best];
        if (tally.voted[i] && better) best = i;
      }
      labels_.store(classes, n, best);
    }
    ml::transform_scores(transform_, tally.scores);
  }

  void finish_two(const Tally& tally, std::byte* classes, int64_t n) const {
    const std::span<double> scores = tally.scores;
    const bool second = tally.voted[1];
    bool one_score = !second;  // that stands for both classes
    if (base_.size() == 2 && second) {
      scores[1] = base_[1] + scores[0];
      scores[0] = -scores[1];
      one_score = false;
    } else if (base_.size() == 2) {
      scores[0] += base_[0];
      scores[1] += base_[1];
      one_score = false;
    } else if (base_.size() == 1) {
      scores[0] += base_[0];
    }
    const double weight = second ? scores[1] : scores[0];
    const bool by_half = one_class_voted_ && positive_;
    labels_.store(classes, n, weight > (by_half ? 0.5 : 0.0) ? 1 : 0);
    if (one_score) {
      ml::two_scores(transform_, by_half ? ml::TwoClasses::kComplement : ml::TwoClasses::kOpposite,
                     scores[0], scores);
      return;
    }
    // A class without votes has no share in the base values either.
    for (size_t i = 0; i < 2; ++i) {
      if (!tally.voted[i]) scores[i] = 0;
    }
    ml::transform_scores(transform_, scores);
  }

  ml::Forest forest_;
  ml::Labels labels_;
  ml::PostTransform transform_;
  std::vector<double> base_;
  bool one_class_voted_;  // all votes are for the same class
  bool positive_;         // no vote is negative
};

Result<KernelPtr> create(const NodeInfo& node) {
  const ml::Labels labels(node, "classlabels_strings", "classlabels_int64s");
  const ml::PostTransform transform = ml::read_post_transform(node);
  ASSIGN_OR_RETURN(std::vector<double> base,
                   ml::read_doubles(node, "base_values", "base_values_as_tensor"));
  if (labels.size() == 0) node.fail(invalid_argument("expected class labels, found none"));
  const bool fits =
      base.empty() || base.size() == labels.size() || (base.size() == 1 && labels.size() == 2);
  if (!fits) {
    node.fail(invalid_argument("expected {} base values, one for each class, found {}",
                               labels.size(), base.size()));
  }
  if (!node.status().ok()) return node.status();
  ASSIGN_OR_RETURN(ml::Forest forest, ml::Forest::of_named_nodes(node, "class", labels.size()));
  if (!node.status().ok()) return node.status();
  const auto votes = forest.all_votes();
  const bool one_class = !votes.empty() && std::ranges::all_of(votes, [&](const auto& vote) {
    return vote.target == votes[0].target;
  });
  const bool positive =
      std::ranges::all_of(votes, [](const auto& vote) { return !(vote.weight < 0); });
  return KernelPtr(std::make_unique<TreeEnsembleClassifier>(std::move(forest), labels, transform,
                                                            std::move(base), one_class, positive));
}

void infer(Inference& node) {
  const ml::Labels labels(node, "classlabels_strings", "classlabels_int64s");
  const Dim count = ml::infer_count(node);
  node.set(0, labels.dtype(), Dims{count});
  node.set(1, DType::kFloat, Dims{count, Dim(static_cast<int64_t>(labels.size()))});
}

}  // namespace

extern const Operator kMlTreeEnsembleClassifier = {.domain = "ai.onnx.ml",
                                                   .name = "TreeEnsembleClassifier",
                                                   .versions = {1, 3, 5},
                                                   .inputs = {1, 1},
                                                   .outputs = {1, 2},
                                                   .infer = infer,
                                                   .create = create,
                                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
