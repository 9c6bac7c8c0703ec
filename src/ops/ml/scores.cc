#include "ops/ml/scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace escuta::ops::ml {
namespace {

double top_of(std::span<const double> scores) {
  double top = std::numeric_limits<double>::lowest();
  for (const double score : scores) top = std::max(top, score);
  return top;
}

void softmax(std::span<double> scores) {
  const double top = top_of(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - top);
  for (double& score : scores) score /= sum;
}

// Zeros stay zeros, nearly: they get no share of the probability.
void softmax_zero(std::span<double> scores) {
  constexpr double kZero = 1e-7;
  const double top = top_of(scores);
  const double shrink = std::exp(-top);
  double sum = 0;
  for (double& score : scores) {
    if (std::abs(score) > kZero) {
      sum += score = std::exp(score - top);
    } else {
      score *= shrink;
    }
  }
  for (double& score : scores) score /= sum;
}

}  // namespace

PostTransform read_post_transform(const NodeInfo& node) {
  const std::string name = node.text("post_transform", "NONE");
  if (name == "NONE") return PostTransform::kNone;
  if (name == "SOFTMAX") return PostTransform::kSoftmax;
  if (name == "LOGISTIC") return PostTransform::kLogistic;
  if (name == "SOFTMAX_ZERO") return PostTransform::kSoftmaxZero;
  if (name == "PROBIT") return PostTransform::kProbit;
  node.fail(
      invalid_argument("attribute `post_transform`: expected NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO "
                       "or PROBIT, found `{}`",
                       name));
  return PostTransform::kNone;
}

double logistic(double x) {
  const double v = 1 / (1 + std::exp(-std::abs(x)));
  return x < 0 ? 1 - v : v;
}

double probit(double p) {
  constexpr double kA = 0.147;
  constexpr double kPi = 3.14159;
  const double x = 2 * p - 1;
  const double log = std::log((1 - x) * (1 + x));
  const double v = 2 / (kPi * kA) + 0.5 * log;
  const double root = std::sqrt(std::sqrt(v * v - log / kA) - v);
  return std::sqrt(2.0) * (x < 0 ? -root : root);
}

void transform_scores(PostTransform transform, std::span<double> scores) {
  if (transform == PostTransform::kProbit) {
    for (double& score : scores) score = probit(score);
    return;
  }
  if (scores.size() < 2) return;
  if (transform == PostTransform::kLogistic) {
    for (double& score : scores) score = logistic(score);
  } else if (transform == PostTransform::kSoftmax) {
    softmax(scores);
  } else if (transform == PostTransform::kSoftmaxZero) {
    softmax_zero(scores);
  }
}

void two_scores(PostTransform transform, TwoClasses how, double score, std::span<double> dst) {
  if (transform == PostTransform::kLogistic) {
    dst[0] = logistic(-score);
    dst[1] = logistic(score);
    return;
  }
  if (transform == PostTransform::kProbit) {
    score = probit(score);
    how = TwoClasses::kComplement;
  }
  dst[0] = how == TwoClasses::kComplement ? 1 - score : -score;
  dst[1] = score;
}

}  // namespace escuta::ops::ml
