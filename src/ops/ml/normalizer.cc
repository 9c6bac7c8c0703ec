// Normalizer (ai.onnx.ml 1): each row divided by its maximum, the sum of its magnitudes, or its
// Euclidean length. A row whose divisor is 0 stays as it is.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/dispatch.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum class Norm { kMax, kL1, kL2 };

double divisor(Norm norm, const double* row, int64_t width) {
  double result = norm == Norm::kMax ? std::numeric_limits<double>::lowest() : 0;
  for (int64_t i = 0; i < width; ++i) {
    if (norm == Norm::kMax) {
      result = std::max(result, row[i]);
    } else {
      result += norm == Norm::kL1 ? std::abs(row[i]) : row[i] * row[i];
    }
  }
  return norm == Norm::kL2 ? std::sqrt(result) : result;
}

class Normalizer final : public Kernel {
 public:
  explicit Normalizer(const NodeInfo& node) {
    const std::string name = node.text("norm", "MAX");
    if (name == "L1") {
      norm_ = Norm::kL1;
    } else if (name == "L2") {
      norm_ = Norm::kL2;
    } else if (name != "MAX") {
      node.fail(invalid_argument("attribute `norm`: expected MAX, L1 or L2, found `{}`", name));
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, 0));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, call.shape(0)));
    ASSIGN_OR_RETURN(double* row, call.scratch_of<double>(rows.width));
    for (int64_t n = 0; rows.width > 0 && n < rows.count; ++n) {
      ml::load_row(call.input(0), n, rows.width, row);
      double by = divisor(norm_, row, rows.width);
      if (by == 0) by = 1;
      for (int64_t i = 0; i < rows.width; ++i) *dst++ = static_cast<float>(row[i] / by);
    }
    return {};
  }

 private:
  Norm norm_ = Norm::kMax;
};

}  // namespace

extern const Operator kMlNormalizer = {.domain = "ai.onnx.ml",
                                       .name = "Normalizer",
                                       .versions = {1},
                                       .inputs = {1, 1},
                                       .infer = ml::infer_float_like,
                                       .create = make<Normalizer>,
                                       .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
