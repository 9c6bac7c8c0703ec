// BiasSplitGelu (com.microsoft 1): of x + bias [N, S, D], the left half times gelu of the right
// one.
#include "ops/microsoft/gelu.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  if (dims && !dims->empty()) {
    dims->back() = dims->back().is_known() ? Dim(dims->back().value() / 2) : Dim();
  }
  node.set(0, node.dtype(0), std::move(dims));
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 2));
  RETURN_IF_ERROR(expect_shape(call, 0, "X", {-1, -1, -1}));
  const Shape& shape = call.shape(0);
  const int64_t size = shape[2], half = size / 2;
  if (size % 2 != 0) return invalid_argument("expected an even last dimension, found {}", size);
  RETURN_IF_ERROR(expect_shape(call, 1, "bias", {size}));
  ASSIGN_OR_RETURN(const float* src, floats(call, 0));
  ASSIGN_OR_RETURN(const float* bias, floats(call, 1));
  ASSIGN_OR_RETURN(const FloatOutput output,
                   FloatOutput::create(call, 0, call.dtype(0), {shape[0], shape[1], half}));
  if (output.count() == 0) return {};
  const int64_t rows = shape[0] * shape[1];
  for (int64_t i = 0; i < rows; ++i) {
    const float* row = src + i * size;
    for (int64_t j = 0; j < half; ++j) {
      output.data()[i * half + j] = (row[j] + bias[j]) * gelu(row[half + j] + bias[half + j]);
    }
  }
  output.store();
  return {};
}

}  // namespace

extern const Operator kMsBiasSplitGelu = {.domain = "com.microsoft",
                                          .name = "BiasSplitGelu",
                                          .versions = {1},
                                          .inputs = {2, 2},
                                          .infer = infer,
                                          .create = make_function<run>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
