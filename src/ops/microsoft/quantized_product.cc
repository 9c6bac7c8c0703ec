#include "ops/microsoft/quantized_product.h"

namespace escuta::ops {
namespace {

// A parameter of `count` elements for matrices [..., rows, cols]: element i of the tensor uses
// parameter at(i).
struct Parameter {
  int64_t count, matrix, cols;
  int64_t at(int64_t i) const {
    if (count == 1) return 0;
    return count == cols ? i % cols : i / matrix * cols + i % cols;
  }
};

Result<Parameter> parameter(const Call& call, size_t input, size_t of) {
  const Shape& shape = call.shape(of);
  const int rank = shape.rank();
  Parameter result{call.input(input).count(), 1, rank > 0 ? shape[rank - 1] : 1};
  result.matrix = result.cols * (rank > 1 ? shape[rank - 2] : 1);
  int64_t stack = result.cols;
  for (int i = 0; i + 2 < rank; ++i) stack *= shape[i];
  if (result.count != 1 && result.count != result.cols && result.count != stack) {
    return invalid_argument("expected 1 or {} elements in input {}, found shape {}", result.cols,
                            input, call.shape(input).to_string());
  }
  return result;
}

template <typename T>
Status center(const Call& call, size_t input, size_t zero_point, int32_t* dst) {
  ASSIGN_OR_RETURN(const auto src, elements<T>(call, input));
  if (!call.has(zero_point)) {
    std::copy(src.begin(), src.end(), dst);
    return {};
  }
  ASSIGN_OR_RETURN(const auto zeros, elements<T>(call, zero_point));
  ASSIGN_OR_RETURN(const Parameter which, parameter(call, zero_point, input));
  for (size_t i = 0; i < src.size(); ++i) {
    dst[i] = src[i] - zeros[static_cast<size_t>(which.at(static_cast<int64_t>(i)))];
  }
  return {};
}

}  // namespace

Result<const int32_t*> centered(Call& call, size_t input, size_t zero_point) {
  ASSIGN_OR_RETURN(int32_t * dst, call.scratch_of<int32_t>(call.input(input).count()));
  if (call.dtype(input) == DType::kInt8) {
    RETURN_IF_ERROR(center<int8_t>(call, input, zero_point, dst));
  } else {
    RETURN_IF_ERROR(center<uint8_t>(call, input, zero_point, dst));
  }
  return dst;
}

Status multiply_scaled(Call& call, const BatchedProduct& product, const int32_t* a,
                       const int32_t* b, float a_scale, size_t b_input, size_t b_scale, size_t bias,
                       float* dst) {
  const int64_t count = product.shape().count(), cols = product.cols();
  ASSIGN_OR_RETURN(const float* scales, floats(call, b_scale));
  ASSIGN_OR_RETURN(const float* added, floats(call, bias));
  ASSIGN_OR_RETURN(const Parameter which, parameter(call, b_scale, b_input));
  if (added != nullptr) RETURN_IF_ERROR(expect_shape(call, bias, "bias", {cols}));
  // Sums wrap around, as those of int32 do, but on unsigned numbers.
  ASSIGN_OR_RETURN(uint32_t * sums, call.scratch_of<uint32_t>(count));
  product.run(a, b, sums);
  const int64_t matrix = product.rows() * cols;
  product.for_each_batch([&](int64_t i, int64_t, int64_t b_at) {
    for (int64_t j = i * matrix; j < (i + 1) * matrix; ++j) {
      const float scale = a_scale * scales[which.at(b_at + j % cols)];
      dst[j] = static_cast<float>(static_cast<int32_t>(sums[j])) * scale +
               (added != nullptr ? added[j % cols] : 0);
    }
  });
  return {};
}

}  // namespace escuta::ops
