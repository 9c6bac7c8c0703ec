// LinearClassifier (ai.onnx.ml 1): one linear score for each class, or one for two classes.
#include <algorithm>

#include "ops/ml/labels.h"
#include "ops/ml/linear.h"
#include "ops/ml/scores.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class LinearClassifier final : public Kernel {
 public:
  explicit LinearClassifier(const NodeInfo& node)
      : labels_(node, "classlabels_strings", "classlabels_ints"),
        coefficients_(node.numbers("coefficients")),
        intercepts_(node.numbers("intercepts")),
        transform_(ml::read_post_transform(node)) {
    // Without intercepts there is a row of coefficients for each label.
    targets_ = intercepts_.empty() ? labels_.size() : intercepts_.size();
    if (targets_ == 0 || (targets_ > 1 && labels_.size() < targets_)) {
      node.fail(invalid_argument("expected a label for each of {} scores, found {} labels",
                                 targets_, labels_.size()));
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
    RETURN_IF_ERROR(ml::check_coefficients(coefficients_.size(), targets_, rows.width));
    const bool two = targets_ == 1 && labels_.size() == 2;
    const size_t shown = two ? 2 : targets_;
    const std::array<int64_t, 2> dims = {rows.count, static_cast<int64_t>(shown)};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(std::byte * classes, call.allocate(0, labels_.dtype(), Shape({rows.count})));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(1, shape));
    ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
    ASSIGN_OR_RETURN(double* memory, call.scratch_of<double>(static_cast<int64_t>(shown)));
    const std::span<double> scores(memory, targets_);
    for (int64_t n = 0; n < rows.count; ++n) {
      ml::load_row(call.input(0), n, rows.width, row);
      ml::linear_scores(row, rows.width, coefficients_, intercepts_, scores);
      if (targets_ == 1) {
        labels_.store_yes_or_no(classes, n, scores[0] > 0);
      } else {
        const auto best = std::ranges::max_element(scores) - scores.begin();
        labels_.store(classes, n, static_cast<size_t>(best));
      }
      if (two) {
        ml::two_scores(transform_, ml::TwoClasses::kComplement, scores[0], {memory, 2});
      } else {
        ml::transform_scores(transform_, scores);
      }
      for (size_t i = 0; i < shown; ++i) *dst++ = static_cast<float>(memory[i]);
    }
    return {};
  }

 private:
  ml::Labels labels_;
  std::vector<float> coefficients_;
  std::vector<float> intercepts_;
  ml::PostTransform transform_;
  size_t targets_ = 0;
};

void infer(Inference& node) {
  const ml::Labels labels(node, "classlabels_strings", "classlabels_ints");
  const Dim count = ml::infer_count(node);
  const size_t intercepts = node.numbers("intercepts").size();
  const size_t targets = intercepts == 0 ? labels.size() : intercepts;
  const size_t shown = targets == 1 && labels.size() == 2 ? 2 : targets;
  node.set(0, labels.dtype(), Dims{count});
  node.set(1, DType::kFloat, Dims{count, Dim(static_cast<int64_t>(shown))});
}

}  // namespace

extern const Operator kMlLinearClassifier = {.domain = "ai.onnx.ml",
                                             .name = "LinearClassifier",
                                             .versions = {1},
                                             .inputs = {1, 1},
                                             .outputs = {1, 2},
                                             .infer = infer,
                                             .create = make<LinearClassifier>,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
