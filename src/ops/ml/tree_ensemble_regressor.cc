// TreeEnsembleRegressor (ai.onnx.ml 1, 3, 5).
#include "ops/ml/forest_regressor.h"
#include "ops/ml/rows.h"

namespace escuta::ops {
namespace {

ml::Aggregate read_aggregate(const NodeInfo& node) {
  const std::string name = node.text("aggregate_function", "SUM");
  if (name == "SUM") return ml::Aggregate::kSum;
  if (name == "AVERAGE") return ml::Aggregate::kAverage;
  if (name == "MIN") return ml::Aggregate::kMin;
  if (name == "MAX") return ml::Aggregate::kMax;
  node.fail(invalid_argument(
      "attribute `aggregate_function`: expected AVERAGE, SUM, MIN or MAX, found `{}`", name));
  return ml::Aggregate::kSum;
}

Result<KernelPtr> create(const NodeInfo& node) {
  const size_t targets = ml::read_targets(node);
  const ml::Aggregate aggregate = read_aggregate(node);
  const ml::PostTransform transform = ml::read_post_transform(node);
  ASSIGN_OR_RETURN(std::vector<double> base,
                   ml::read_doubles(node, "base_values", "base_values_as_tensor"));
  if (!base.empty() && base.size() != targets) {
    node.fail(invalid_argument("expected {} base values, one for each target, found {}", targets,
                               base.size()));
  }
  if (!node.status().ok()) return node.status();
  ASSIGN_OR_RETURN(ml::Forest forest, ml::Forest::of_named_nodes(node, "target", targets));
  if (!node.status().ok()) return node.status();
  return KernelPtr(std::make_unique<ml::ForestRegressor>(std::move(forest), targets, aggregate,
                                                         transform, std::move(base), true));
}

void infer(Inference& node) {
  const int64_t targets = node.integer("n_targets", 1);
  node.set(0, DType::kFloat, Dims{ml::infer_count(node), targets > 0 ? Dim(targets) : Dim()});
}

}  // namespace

extern const Operator kMlTreeEnsembleRegressor = {.domain = "ai.onnx.ml",
                                                  .name = "TreeEnsembleRegressor",
                                                  .versions = {1, 3, 5},
                                                  .inputs = {1, 1},
                                                  .infer = infer,
                                                  .create = create,
                                                  .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
