#include "ops/ml/rows.h"

#include <algorithm>

#include "ops/arguments.h"

namespace escuta::ops::ml {

Result<Rows> rows_of(const Call& call, size_t i) {
  RETURN_IF_ERROR(check_tensor(call, i));
  const DType dtype = call.dtype(i);
  const Shape& shape = call.shape(i);
  const bool number = dtype == DType::kFloat || dtype == DType::kDouble || dtype == DType::kInt64 ||
                      dtype == DType::kInt32 || dtype == DType::kFloat16;
  if (!number || shape.rank() < 1 || shape.rank() > 2) {
    return invalid_argument("input {}: expected numbers [N, C] or [C], found {} {}", i,
                            dtype_name(dtype), shape.to_string());
  }
  if (shape.rank() == 1) return Rows{1, shape[0]};
  return Rows{shape[0], shape[1]};
}

void load_row(const Datum& datum, int64_t row, int64_t width, double* dst) {
  const Status status =
      dispatch(Types<float, double, int64_t, int32_t, Float16>{}, datum.dtype(), [&](auto tag) {
        using T = decltype(tag);
        const T* src = datum.as<T>().data() + row * width;
        for (int64_t i = 0; i < width; ++i) dst[i] = static_cast<double>(src[i]);
        return Status();
      });
  ESCUTA_CHECK(status.ok());  // rows_of has seen the type
}

Dim infer_count(const Inference& node) {
  const std::optional<Dims>& shape = node.shape(0);
  if (!shape || shape->empty() || shape->size() > 2) return Dim();
  return shape->size() == 1 ? Dim(int64_t{1}) : (*shape)[0];
}

void infer_float_like(Inference& node) { node.set(0, DType::kFloat, node.shape(0)); }

}  // namespace escuta::ops::ml
