// LinearRegressor (ai.onnx.ml 1).
#include "ops/ml/linear.h"
#include "ops/ml/scores.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class LinearRegressor final : public Kernel {
 public:
  explicit LinearRegressor(const NodeInfo& node)
      : coefficients_(node.numbers("coefficients")),
        intercepts_(node.numbers("intercepts")),
        transform_(ml::read_post_transform(node)) {
    const int64_t targets = node.integer("targets", 1);
    if (targets < 1 || static_cast<uint64_t>(targets) > coefficients_.size()) {
      node.fail(invalid_argument("expected coefficients for {} targets, found {} coefficients",
                                 targets, coefficients_.size()));
      return;
    }
    targets_ = static_cast<size_t>(targets);
    if (!intercepts_.empty() && intercepts_.size() != targets_) {
      node.fail(invalid_argument("expected {} intercepts, one for each target, found {}", targets_,
                                 intercepts_.size()));
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
    RETURN_IF_ERROR(ml::check_coefficients(coefficients_.size(), targets_, rows.width));
    const std::array<int64_t, 2> dims = {rows.count, static_cast<int64_t>(targets_)};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
    ASSIGN_OR_RETURN(double* memory, call.scratch_of<double>(static_cast<int64_t>(targets_)));
    const std::span<double> scores(memory, targets_);
    for (int64_t n = 0; n < rows.count; ++n) {
      ml::load_row(call.input(0), n, rows.width, row);
      ml::linear_scores(row, rows.width, coefficients_, intercepts_, scores);
      ml::transform_scores(transform_, scores);
      for (const double score : scores) *dst++ = static_cast<float>(score);
    }
    return {};
  }

 private:
  std::vector<float> coefficients_;
  std::vector<float> intercepts_;
  ml::PostTransform transform_;
  size_t targets_ = 0;
};

void infer(Inference& node) {
  const int64_t targets = node.integer("targets", 1);
  node.set(0, DType::kFloat, Dims{ml::infer_count(node), targets > 0 ? Dim(targets) : Dim()});
}

}  // namespace

extern const Operator kMlLinearRegressor = {.domain = "ai.onnx.ml",
                                            .name = "LinearRegressor",
                                            .versions = {1},
                                            .inputs = {1, 1},
                                            .infer = infer,
                                            .create = make<LinearRegressor>,
                                            .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
