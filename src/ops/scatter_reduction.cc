#include "ops/scatter_reduction.h"

namespace escuta::ops {

Reduction reduction_of(const NodeInfo& node) {
  const std::string name = node.version() < 16 ? "none" : node.text("reduction", "none");
  if (name == "none") return Reduction::kNone;
  if (name == "add") return Reduction::kAdd;
  if (name == "mul") return Reduction::kMul;
  if (name == "max" && node.version() >= 18) return Reduction::kMax;
  if (name == "min" && node.version() >= 18) return Reduction::kMin;
  node.fail(invalid_argument(
      "attribute `reduction`: expected none, add, mul or, from version 18 on, max or min, found {}",
      name));
  return Reduction::kNone;
}

}  // namespace escuta::ops
