// Matrix products of 8-bit elements with zero points: MatMulInteger, QLinearMatMul.
#pragma once

#include "ops/convert_elements.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/product.h"

namespace escuta::ops {

// Scales or zero points of a matrix operand: one in all, one for each row of `a` (column of `b`),
// or one for each row (column) of each of its matrices.
struct LineSteps {
  int64_t matrix = 0, line = 0;
  int64_t at(int64_t m, int64_t i) const { return m * matrix + i * line; }
  // lines, matrices: of the operand. InvalidArgument where the parameter's shape is none of these.
  static Result<LineSteps> create(const Shape& parameter, int64_t lines, int64_t matrices);
};

// The elements of input `index` minus their zero points (input `zero`, absent: 0). W: uint32_t for
// int8 and uint8, float for 8-bit floating point. rows: whether zero points are those of rows.
template <typename W>
Result<const W*> centred(Call& call, size_t index, size_t zero, bool rows, int64_t lines,
                         int64_t depth);

}  // namespace escuta::ops
