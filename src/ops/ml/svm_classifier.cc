// SVMClassifier (ai.onnx.ml 1): one machine for each pair of classes, as in LIBSVM, whose votes
// decide; or a linear model (LIBLINEAR) where there are no support vectors.
//
// Which class wins and which scores are shown follows ONNX Runtime (svmclassifier.cc there), as the
// specification leaves both open.
#include <algorithm>
#include <cmath>

#include "ops/ml/kernel_function.h"
#include "ops/ml/labels.h"
#include "ops/ml/linear.h"
#include "ops/ml/scores.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// From probabilities of pairs to those of classes: Wu, Lin and Weng, "Probability estimates for
// multi-class classification by pairwise coupling" (2004), method 2, algorithm 2. r [k, k]: the
// probability of i against j; q [k, k] and qp [k] are scratch; p [k] is the result.
void couple(size_t k, const double* r, double* q, double* qp, double* p) {
  for (size_t i = 0; i < k; ++i) {
    p[i] = 1.0 / static_cast<double>(k);
    q[i * k + i] = 0;
    for (size_t j = 0; j < k; ++j) {
      if (j == i) continue;
      q[i * k + i] += r[j * k + i] * r[j * k + i];
      q[i * k + j] = -r[j * k + i] * r[i * k + j];
    }
  }
  const double enough = 0.005 / static_cast<double>(k);
  for (int round = 0; round < 100; ++round) {
    double pqp = 0;
    for (size_t i = 0; i < k; ++i) {
      qp[i] = 0;
      for (size_t j = 0; j < k; ++j) qp[i] += q[i * k + j] * p[j];
      pqp += p[i] * qp[i];
    }
    double error = 0;
    for (size_t i = 0; i < k; ++i) error = std::max(error, std::abs(qp[i] - pqp));
    if (error < enough) break;
    for (size_t i = 0; i < k; ++i) {
      const double step = (pqp - qp[i]) / q[i * k + i];
      p[i] += step;
      pqp = (pqp + step * (step * q[i * k + i] + 2 * qp[i])) / (1 + step) / (1 + step);
      for (size_t j = 0; j < k; ++j) {
        qp[j] = (qp[j] + step * q[i * k + j]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
}

// What the attributes are good for; also asked for by inference.
struct Sizes {
  size_t classes = 0;
  size_t pairs = 0;
  bool linear = false;
  bool probabilities = false;
  size_t shown = 0;  // scores of a row

  Sizes(const NodeInfo& node, const ml::Labels& labels)
      : classes(labels.size()),
        pairs(classes < 2 ? 0 : classes * (classes - 1) / 2),
        linear(true),
        probabilities(!node.numbers("prob_a").empty()) {
    for (const int64_t count : node.integers("vectors_per_class")) linear = linear && count == 0;
    shown = linear || probabilities || classes == 2 ? classes : pairs;
  }
};

class SvmClassifier final : public Kernel {
 public:
  explicit SvmClassifier(const NodeInfo& node);
  Status run(Call& call) const override;

 private:
  Status check();
  void linear_row(const double* row, std::span<double> shown, std::byte* classes, int64_t n) const;
  // scratch: kernels [vectors], scores [pairs], then votes [k] or what coupling needs, 2 k * k + k.
  void machine_row(const double* row, double* scratch, std::span<double> shown, std::byte* classes,
                   int64_t n) const;
  size_t vote(const double* kernels, std::span<double> scores, double* votes) const;
  void probabilities(std::span<const double> scores, double* scratch,
                     std::span<double> shown) const;

  ml::KernelFunction function_;
  ml::Labels labels_;
  Sizes sizes_;
  std::vector<int64_t> per_class_;
  std::vector<size_t> first_;  // of each class's vectors
  std::vector<float> vectors_, coefficients_, rho_, prob_a_, prob_b_;
  ml::PostTransform transform_;
  size_t count_ = 0;  // of support vectors
  size_t width_ = 0;
  bool positive_ = false;  // no coefficient is negative
};

SvmClassifier::SvmClassifier(const NodeInfo& node)
    : function_(node),
      labels_(node, "classlabels_strings", "classlabels_ints"),
      sizes_(node, labels_),
      per_class_(node.integers("vectors_per_class")),
      vectors_(node.numbers("support_vectors")),
      coefficients_(node.numbers("coefficients")),
      rho_(node.numbers("rho")),
      prob_a_(node.numbers("prob_a")),
      prob_b_(node.numbers("prob_b")),
      transform_(ml::read_post_transform(node)) {
  if (Status status = check(); !status.ok()) node.fail(std::move(status));
  positive_ = std::ranges::all_of(coefficients_, [](float c) { return c >= 0; });
}

Status SvmClassifier::check() {
  constexpr size_t kMaxClasses = 65535;
  const size_t k = sizes_.classes;
  if (k == 0 || k > kMaxClasses || coefficients_.empty() || rho_.empty()) {
    return invalid_argument(
        "expected class labels (at most {}), coefficients and `rho`, found {}, "
        "{} and {}",
        kMaxClasses, k, coefficients_.size(), rho_.size());
  }
  if (sizes_.linear) {
    width_ = coefficients_.size() / k;
    return ml::check_coefficients(coefficients_.size(), k, static_cast<int64_t>(width_));
  }
  if (k < 2 || per_class_.size() != k) {
    return invalid_argument("attribute `vectors_per_class`: expected {} numbers, found {}",
                            std::max<size_t>(k, 2), per_class_.size());
  }
  for (const int64_t count : per_class_) {
    if (count < 0 || static_cast<uint64_t>(count) > vectors_.size()) {
      return invalid_argument("attribute `vectors_per_class`: found {} of {} numbers in vectors",
                              count, vectors_.size());
    }
    first_.push_back(count_);
    count_ += static_cast<size_t>(count);
  }
  width_ = vectors_.size() / count_;
  if (vectors_.size() != width_ * count_ || coefficients_.size() / (k - 1) != count_ ||
      coefficients_.size() % (k - 1) != 0 || rho_.size() < sizes_.pairs ||
      prob_a_.size() != prob_b_.size() || (!prob_a_.empty() && prob_a_.size() < sizes_.pairs)) {
    return invalid_argument(
        "expected for {} classes and {} support vectors {} x {} coefficients and {} pairs, found "
        "{} "
        "numbers in vectors, {} coefficients, {} in `rho`, {} in `prob_a`, {} in `prob_b`",
        k, count_, k - 1, count_, sizes_.pairs, vectors_.size(), coefficients_.size(), rho_.size(),
        prob_a_.size(), prob_b_.size());
  }
  return {};
}

void SvmClassifier::linear_row(const double* row, std::span<double> shown, std::byte* classes,
                               int64_t n) const {
  ml::linear_scores(row, static_cast<int64_t>(width_), coefficients_, {}, shown);
  for (double& score : shown) score += static_cast<double>(rho_[0]);
  const auto top = std::ranges::max_element(shown);
  auto best = static_cast<size_t>(top - shown.begin());
  // Of two classes the second wins with a score of its own that is large enough.
  const bool second = positive_ ? *top >= 0.5 : *top > 0;
  if (sizes_.classes == 2 && !sizes_.probabilities && second) best = 1;
  labels_.store(classes, n, best);
  ml::transform_scores(transform_, shown);
}

// Coefficients of the machine for i and j (i < j): those of i's vectors are in row j - 1, those of
// j's in row i.
size_t SvmClassifier::vote(const double* kernels, std::span<double> scores, double* votes) const {
  const size_t k = sizes_.classes;
  std::fill_n(votes, k, 0.0);
  const auto weigh = [&](size_t of, size_t row) {
    double sum = 0;
    const size_t end = first_[of] + static_cast<size_t>(per_class_[of]);
    for (size_t v = first_[of]; v < end; ++v) {
      sum += static_cast<double>(coefficients_[row * count_ + v]) * kernels[v];
    }
    return sum;
  };
  size_t pair = 0;
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = i + 1; j < k; ++j, ++pair) {
      scores[pair] = weigh(i, j - 1) + weigh(j, i) + static_cast<double>(rho_[pair]);
      votes[scores[pair] > 0 ? i : j] += 1;
    }
  }
  return static_cast<size_t>(std::max_element(votes, votes + k) - votes);
}

void SvmClassifier::probabilities(std::span<const double> scores, double* scratch,
                                  std::span<double> shown) const {
  const size_t k = sizes_.classes;
  double* r = scratch;
  double* q = r + k * k;
  size_t pair = 0;
  for (size_t i = 0; i < k; ++i) {
    r[i * k + i] = 0;
    for (size_t j = i + 1; j < k; ++j, ++pair) {
      const double x =
          scores[pair] * static_cast<double>(prob_a_[pair]) + static_cast<double>(prob_b_[pair]);
      r[i * k + j] = std::clamp(1 - ml::logistic(x), 1e-7, 1 - 1e-7);
      r[j * k + i] = 1 - r[i * k + j];
    }
  }
  couple(k, r, q, q + k * k, shown.data());
}

void SvmClassifier::machine_row(const double* row, double* scratch, std::span<double> shown,
                                std::byte* classes, int64_t n) const {
  double* kernels = scratch;
  for (size_t v = 0; v < count_; ++v) {
    kernels[v] = function_(row, vectors_.data() + v * width_, width_);
  }
  const std::span<double> scores(kernels + count_, sizes_.pairs);
  double* rest = scores.data() + scores.size();
  const size_t best = vote(kernels, scores, rest);
  labels_.store(classes, n, best);
  if (sizes_.probabilities) {
    probabilities(scores, rest, shown);
    ml::transform_scores(transform_, shown);
  } else if (sizes_.classes == 2) {
    const bool plain = transform_ == ml::PostTransform::kNone;
    ml::two_scores(transform_, plain ? ml::TwoClasses::kOpposite : ml::TwoClasses::kComplement,
                   scores[0], shown);
  } else {
    std::ranges::copy(scores, shown.begin());
    ml::transform_scores(transform_, shown);
  }
}

Status SvmClassifier::run(Call& call) const {
  ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
  if (static_cast<size_t>(rows.width) != width_) {
    return invalid_argument("expected {} features, found {}", width_, rows.width);
  }
  const std::array<int64_t, 2> dims = {rows.count, static_cast<int64_t>(sizes_.shown)};
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
  ASSIGN_OR_RETURN(std::byte * classes, call.allocate(0, labels_.dtype(), Shape({rows.count})));
  ASSIGN_OR_RETURN(float* dst, call.output<float>(1, shape));
  ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
  ASSIGN_OR_RETURN(double* memory, call.scratch_of<double>(shape.count() == 0 ? 0 : shape[1]));
  const size_t k = sizes_.classes;
  const size_t coupling = sizes_.probabilities ? 2 * k * k + k : k;
  ASSIGN_OR_RETURN(double* scratch,
                   call.scratch_of<double>(static_cast<int64_t>(count_ + sizes_.pairs + coupling)));
  const std::span<double> shown(memory, sizes_.shown);
  for (int64_t n = 0; n < rows.count; ++n) {
    RETURN_IF_ERROR(call.check_cancelled());
    ml::load_row(call.input(0), n, rows.width, row);
    if (sizes_.linear) {
      linear_row(row, shown, classes, n);
    } else {
      machine_row(row, scratch, shown, classes, n);
    }
    for (const double score : shown) *dst++ = static_cast<float>(score);
  }
  return {};
}

void infer(Inference& node) {
  const ml::Labels labels(node, "classlabels_strings", "classlabels_ints");
  const Sizes sizes(node, labels);
  const Dim count = ml::infer_count(node);
  node.set(0, labels.dtype(), Dims{count});
  node.set(1, DType::kFloat, Dims{count, Dim(static_cast<int64_t>(sizes.shown))});
}

}  // namespace

extern const Operator kMlSVMClassifier = {.domain = "ai.onnx.ml",
                                          .name = "SVMClassifier",
                                          .versions = {1},
                                          .inputs = {1, 1},
                                          .outputs = {1, 2},
                                          .infer = infer,
                                          .create = make<SvmClassifier>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
