// IsInf (ai.onnx 10, 20).
#include <cmath>

#include "ops/classify.h"

namespace escuta::ops {
namespace {

struct IsInf {
  explicit IsInf(const NodeInfo& node)
      : positive(node.integer("detect_positive", 1) != 0),
        negative(node.integer("detect_negative", 1) != 0) {}
  bool operator()(double x) const { return std::isinf(x) && (x > 0 ? positive : negative); }
  bool positive;
  bool negative;
};

}  // namespace

extern const Operator kIsInf = classify<IsInf>("IsInf", {10, 20});

}  // namespace escuta::ops
