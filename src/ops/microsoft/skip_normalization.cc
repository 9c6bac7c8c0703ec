#include "ops/microsoft/skip_normalization.h"

#include "ops/microsoft/inputs.h"
#include "ops/microsoft/normalize.h"

namespace escuta::ops {
namespace {

// The shape of the statistics: one number for each row.
Result<Shape> row_shape(const Shape& shape) {
  std::array<int64_t, kMaxRank> dims{};
  std::copy(shape.dims().begin(), shape.dims().end(), dims.begin());
  dims[static_cast<size_t>(shape.rank() - 1)] = 1;
  return Shape::create({dims.data(), static_cast<size_t>(shape.rank())});
}

// skip has input's shape, or its last two dimensions, or those with 1 in front.
bool skip_fits(const Shape& shape, const Shape& skip) {
  if (skip == shape) return true;
  if (shape.rank() != 3 || skip.rank() < 2) return false;
  const int last = skip.rank() - 1;
  return skip[last] == shape[2] && skip[last - 1] == shape[1] &&
         (skip.rank() == 2 || (skip.rank() == 3 && skip[0] == 1));
}

}  // namespace

SkipNormalization::SkipNormalization(const NodeInfo& node, bool rms)
    : epsilon_(node.number("epsilon", 1e-12f)), rms_(rms) {}

Status SkipNormalization::run(Call& call) const {
  RETURN_IF_ERROR(check_tensors(call, 3));
  const Shape& shape = call.shape(0);
  if (shape.rank() < 2 || !skip_fits(shape, call.shape(1))) {
    return invalid_argument(
        "expected input [batch, sequence, hidden] or [tokens, hidden] and skip that fits, found {} "
        "and {}",
        shape.to_string(), call.shape(1).to_string());
  }
  const int64_t size = shape[shape.rank() - 1];
  const size_t beta_at = rms_ ? kAny : 3, bias_at = rms_ ? 3 : 4;
  RETURN_IF_ERROR(expect_shape(call, 2, "gamma", {size}));
  if (call.has(beta_at)) RETURN_IF_ERROR(expect_shape(call, beta_at, "beta", {size}));
  if (call.has(bias_at)) RETURN_IF_ERROR(expect_shape(call, bias_at, "bias", {size}));
  ASSIGN_OR_RETURN(const float* src, floats(call, 0));
  ASSIGN_OR_RETURN(const float* skip, floats(call, 1));
  ASSIGN_OR_RETURN(const float* gamma, floats(call, 2));
  ASSIGN_OR_RETURN(const float* beta, floats(call, beta_at));
  ASSIGN_OR_RETURN(const float* bias, floats(call, bias_at));
  ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(0), shape));
  ASSIGN_OR_RETURN(const FloatOutput sums, FloatOutput::create(call, 3, call.dtype(0), shape));
  ASSIGN_OR_RETURN(const Shape rows_shape, row_shape(shape));
  ASSIGN_OR_RETURN(float* means, call.output<float>(1, rows_shape));
  ASSIGN_OR_RETURN(float* inverse_stds, call.output<float>(2, rows_shape));
  if (output.count() == 0) return {};
  const int64_t skip_count = call.input(1).count();
  for (int64_t row = 0; row < rows_shape.count(); ++row) {
    float* sum = sums.data() + row * size;
    const float* skip_row = skip + row * size % skip_count;
    for (int64_t i = 0; i < size; ++i) {
      sum[i] = src[row * size + i] + skip_row[i] + (bias != nullptr ? bias[i] : 0);
    }
    const auto found =
        normalize_row(sum, size, gamma, beta, epsilon_, rms_, output.data() + row * size);
    means[row] = found.mean;
    inverse_stds[row] = found.inverse_std;
  }
  output.store();
  sums.store();
  return {};
}

void infer_skip_normalization(Inference& node) {
  node.set(0, node.dtype(0), node.shape(0));
  std::optional<Dims> rows = node.shape(0);
  if (rows && !rows->empty()) rows->back() = Dim(int64_t{1});
  node.set(1, DType::kFloat, rows);
  node.set(2, DType::kFloat, rows);
  node.set(3, node.dtype(0), node.shape(0));
}

}  // namespace escuta::ops
