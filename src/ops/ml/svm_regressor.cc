// SVMRegressor (ai.onnx.ml 1): support vectors, or a linear model where there are none; one_class
// gives the sign only.
#include "ops/ml/kernel_function.h"
#include "ops/ml/rows.h"
#include "ops/ml/scores.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class SvmRegressor final : public Kernel {
 public:
  explicit SvmRegressor(const NodeInfo& node)
      : function_(node),
        vectors_(node.numbers("support_vectors")),
        coefficients_(node.numbers("coefficients")),
        rho_(node.numbers("rho")),
        one_class_(node.integer("one_class", 0) != 0),
        transform_(ml::read_post_transform(node)) {
    const int64_t count = node.integer("n_supports", 0);
    if (count < 0 || (count > 0 && static_cast<uint64_t>(count) != coefficients_.size()) ||
        coefficients_.empty() || rho_.empty() ||
        (count > 0 && vectors_.size() % static_cast<size_t>(count) != 0)) {
      node.fail(
          invalid_argument("expected a coefficient for each of {} support vectors and a `rho`, "
                           "found {} coefficients, {} numbers in vectors, {} in `rho`",
                           count, coefficients_.size(), vectors_.size(), rho_.size()));
      return;
    }
    count_ = static_cast<size_t>(count);
    width_ = count_ == 0 ? coefficients_.size() : vectors_.size() / count_;
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
    if (static_cast<size_t>(rows.width) != width_) {
      return invalid_argument("expected {} features, found {}", width_, rows.width);
    }
    const std::array<int64_t, 2> dims = {rows.count, 1};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
    for (int64_t n = 0; n < rows.count; ++n) {
      ml::load_row(call.input(0), n, rows.width, row);
      double score = static_cast<double>(rho_[0]) + weigh(row);
      if (one_class_) {
        score = score > 0 ? 1 : -1;
      } else {
        ml::transform_scores(transform_, {&score, 1});
      }
      dst[n] = static_cast<float>(score);
    }
    return {};
  }

 private:
  double weigh(const double* row) const {
    double sum = 0;
    if (count_ == 0) {
      for (size_t i = 0; i < width_; ++i) sum += row[i] * static_cast<double>(coefficients_[i]);
      return sum;
    }
    for (size_t i = 0; i < count_; ++i) {
      sum += static_cast<double>(coefficients_[i]) *
             function_(row, vectors_.data() + i * width_, width_);
    }
    return sum;
  }

  ml::KernelFunction function_;
  std::vector<float> vectors_;  // [count_, width_]
  std::vector<float> coefficients_;
  std::vector<float> rho_;
  bool one_class_;
  ml::PostTransform transform_;
  size_t count_ = 0;
  size_t width_ = 0;
};

void infer(Inference& node) {
  node.set(0, DType::kFloat, Dims{ml::infer_count(node), Dim(int64_t{1})});
}

}  // namespace

extern const Operator kMlSVMRegressor = {.domain = "ai.onnx.ml",
                                         .name = "SVMRegressor",
                                         .versions = {1},
                                         .inputs = {1, 1},
                                         .infer = infer,
                                         .create = make<SvmRegressor>,
                                         .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
