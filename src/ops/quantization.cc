#include "ops/quantization.h"

#include "ops/convert_elements.h"

namespace escuta::ops {

Result<Granularity> Granularity::create(const Shape& x, const Shape& scale, int64_t axis,
                                        int64_t block_size) {
  Granularity result;
  if (scale.count() == 1) {
    result.count_ = x.count();
    return result;
  }
  const auto mismatch = [&] {
    return invalid_argument(
        "expected scales for axis {} (block size {}) of shape {}, found shape {}", axis, block_size,
        x.to_string(), scale.to_string());
  };
  const int64_t index = axis < 0 ? axis + x.rank() : axis;
  if (index < 0 || index >= x.rank() || block_size < 0) return mismatch();
  const int along = static_cast<int>(index);
  for (int i = 0; i < x.rank(); ++i) {
    (i < along ? result.outer_ : i == along ? result.count_ : result.inner_) *= x[i];
  }
  if (block_size == 0) {
    if (scale.rank() != 1 || scale[0] != x[along]) return mismatch();
    result.scales_ = scale[0];
    return result;
  }
  if (scale.rank() != x.rank()) return mismatch();
  const int64_t blocks = x[along] / block_size + (x[along] % block_size != 0 ? 1 : 0);
  for (int i = 0; i < x.rank(); ++i) {
    if (scale[i] != (i == along ? blocks : x[i])) return mismatch();
  }
  result.scales_ = blocks;
  result.block_ = block_size;
  return result;
}

IntegerRange integer_range(DType dtype) {
  const int bits = dtype_bits(dtype);
  const auto values = static_cast<float>(1 << bits);
  switch (dtype) {
    case DType::kInt2:
    case DType::kInt4:
    case DType::kInt8:
    case DType::kInt16:
      return {-values / 2, values / 2 - 1};
    default:
      return {0, values - 1};
  }
}

bool is_quantized(DType dtype) {
  if (is_small_float(dtype)) return dtype != DType::kFloat8E8M0;
  return is_integer(dtype) && dtype != DType::kBool && dtype_bits(dtype) <= 16;
}

}  // namespace escuta::ops
