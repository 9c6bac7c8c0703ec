// QLinearSigmoid (com.microsoft 1): 1 / (1 + exp(-x)) of a quantised tensor.
#include <cmath>

#include "ops/microsoft/qlinear_unary.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  return run_qlinear_unary(call, [](float x) { return 1 / (1 + std::exp(-x)); });
}

}  // namespace

extern const Operator kMsQLinearSigmoid = {.domain = "com.microsoft",
                                           .name = "QLinearSigmoid",
                                           .versions = {1},
                                           .inputs = {2, 5},
                                           .infer = infer_same,
                                           .create = make_function<run>,
                                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
