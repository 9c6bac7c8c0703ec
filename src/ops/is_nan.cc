// IsNaN (ai.onnx 9, 13, 20).
#include <cmath>

#include "ops/classify.h"

namespace escuta::ops {
namespace {

struct IsNaN {
  explicit IsNaN(const NodeInfo&) {}
  bool operator()(double x) const { return std::isnan(x); }
};

}  // namespace

extern const Operator kIsNaN = classify<IsNaN>("IsNaN", {9, 13, 20});

}  // namespace escuta::ops
