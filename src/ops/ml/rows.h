// Inputs of the operators on feature vectors: tensors [N, C] of numbers, [C] for N = 1, read in
// double whatever their type.
#pragma once

#include "ops/call.h"
#include "ops/dispatch.h"
#include "ops/inference.h"

namespace escuta::ops::ml {

using FeatureTypes = Types<float, double, int64_t, int32_t>;

struct Rows {
  int64_t count = 0;
  int64_t width = 0;
};

// InvalidArgument unless input i is a tensor of one or two dimensions of FeatureTypes or float16.
Result<Rows> rows_of(const Call& call, size_t i);

// dst [width]: row `row` of the tensor.
void load_row(const Datum& datum, int64_t row, int64_t width, double* dst);

// The dimension N of input 0; unknown if it cannot be told.
Dim infer_count(const Inference& node);
// Output 0 is a float tensor of input 0's shape.
void infer_float_like(Inference& node);

}  // namespace escuta::ops::ml
