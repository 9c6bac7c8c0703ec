#include "ops/quantized_product.h"

namespace escuta::ops {

Result<LineSteps> LineSteps::create(const Shape& parameter, int64_t lines, int64_t matrices) {
  const int64_t count = parameter.count();
  if (count == 1) return LineSteps{0, 0};
  if (count == lines) return LineSteps{0, 1};
  int64_t all = 0;
  if (!__builtin_mul_overflow(lines, matrices, &all) && count == all) return LineSteps{lines, 1};
  return invalid_argument("expected 1, {} or {} x {} scales or zero points, found shape {}", lines,
                          matrices, lines, parameter.to_string());
}

template <typename W>
Result<const W*> centred(Call& call, size_t index, size_t zero, bool rows, int64_t lines,
                         int64_t depth) {
  using Carrier = std::conditional_t<std::is_integral_v<W>, int64_t, float>;
  const Datum& src = call.input(index);
  const int64_t count = src.count();
  ASSIGN_OR_RETURN(W * dst, call.scratch_of<W>(count));
  if (count == 0) return dst;  // so that lines and depth are not 0
  const int64_t matrices = count / (lines * depth);
  LineSteps steps;
  const Carrier none{};
  const Carrier* zeros = &none;
  if (call.has(zero)) {
    const Datum& points = call.input(zero);
    if (points.dtype() != src.dtype()) {
      return invalid_argument("expected a zero point of type {}, found {}", dtype_name(src.dtype()),
                              dtype_name(points.dtype()));
    }
    ASSIGN_OR_RETURN(steps, LineSteps::create(points.shape(), lines, matrices));
    ASSIGN_OR_RETURN(Carrier * values, call.scratch_of<Carrier>(points.count()));
    RETURN_IF_ERROR(load_elements(points.dtype(), points.bytes(), 0, points.count(), values));
    zeros = values;
  }
  constexpr int64_t kBlock = 512;
  Carrier block[kBlock];
  const int64_t row_length = rows ? depth : lines;
  for (int64_t row = 0; row < count / row_length; ++row) {
    const int64_t matrix = row / (rows ? lines : depth);
    for (int64_t at = 0; at < row_length; at += kBlock) {
      const int64_t part = std::min(kBlock, row_length - at);
      W* to = dst + row * row_length + at;
      RETURN_IF_ERROR(load_elements(src.dtype(), src.bytes(), row * row_length + at, part, block));
      for (int64_t i = 0; i < part; ++i) {
        const int64_t line = rows ? row % lines : at + i;
        to[i] = static_cast<W>(block[i] - zeros[steps.at(matrix, line)]);
      }
    }
  }
  return dst;
}

template Result<const uint32_t*> centred(Call&, size_t, size_t, bool, int64_t, int64_t);
template Result<const float*> centred(Call&, size_t, size_t, bool, int64_t, int64_t);

}  // namespace escuta::ops
