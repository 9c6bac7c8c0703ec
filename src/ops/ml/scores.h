// What happens to the scores of a classifier or regressor before they are given out.
//
// The specification names the transforms and leaves them open; this is what ONNX Runtime does
// (core/providers/cpu/ml/ml_common.h there), oddities included, as models are tested with it.
#pragma once

#include <span>

#include "ops/node_info.h"

namespace escuta::ops::ml {

enum class PostTransform { kNone, kSoftmax, kLogistic, kSoftmaxZero, kProbit };

// Attribute `post_transform`, a string; fails the node for others than those above.
PostTransform read_post_transform(const NodeInfo& node);

double logistic(double x);
// The inverse of the normal distribution's cumulative function, by S. Winitzki's approximation of
// the error function ("A handy approximation for the error function and its inverse", 2008).
double probit(double p);

// All scores of one row, in place. A row of one score changes with kProbit only.
void transform_scores(PostTransform transform, std::span<double> scores);

// How one score stands for two classes.
enum class TwoClasses {
  kComplement,  // [1 - s, s]
  kOpposite,    // [-s, s]
};
// dst [2]. With kLogistic: the logistic function of both opposites; with kProbit (where ONNX
// Runtime leaves one of them unwritten): the complement of the transformed score; others change
// nothing.
void two_scores(PostTransform transform, TwoClasses how, double score, std::span<double> dst);

}  // namespace escuta::ops::ml
