// TreeEnsemble (ai.onnx.ml 5).
#include "ops/ml/forest_regressor.h"
#include "ops/ml/rows.h"

namespace escuta::ops {
namespace {

Result<KernelPtr> create(const NodeInfo& node) {
  const size_t targets = ml::read_targets(node);
  const int64_t aggregate = node.integer("aggregate_function", 1);
  const int64_t transform = node.integer("post_transform", 0);
  if (aggregate < 0 || aggregate > 3 || transform < 0 || transform > 4) {
    return invalid_argument(
        "expected `aggregate_function` from 0 to 3 and `post_transform` from 0 to 4, found {} and "
        "{}",
        aggregate, transform);
  }
  if (!node.status().ok()) return node.status();
  ASSIGN_OR_RETURN(ml::Forest forest, ml::Forest::of_positions(node, targets));
  if (!node.status().ok()) return node.status();
  return KernelPtr(std::make_unique<ml::ForestRegressor>(
      std::move(forest), targets, static_cast<ml::Aggregate>(aggregate),
      static_cast<ml::PostTransform>(transform), std::vector<double>(), false));
}

void infer(Inference& node) {
  const int64_t targets = node.integer("n_targets", 1);
  node.set(0, node.dtype(0), Dims{ml::infer_count(node), targets > 0 ? Dim(targets) : Dim()});
}

}  // namespace

extern const Operator kMlTreeEnsemble = {.domain = "ai.onnx.ml",
                                         .name = "TreeEnsemble",
                                         .versions = {5},
                                         .inputs = {1, 1},
                                         .infer = infer,
                                         .create = create,
                                         .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
