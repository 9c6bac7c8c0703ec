// The inner loop of attention.cc. No std here: simd/simd.h says why.
#pragma once

namespace escuta::kernels {

// Turns scores into weights that are not yet divided by their sum: w = exp(s - max), in place.
struct AttentionRows {
  long rows = 0, cols = 0;
  float* scores = nullptr;  // [rows, cols]
  long stride = 0;
  const float* mask = nullptr;  // added first; or null
  long mask_stride = 0;
  // Row r sees the columns 0 .. first_limit + r * limit_step - 1 only (cut to 0 .. cols); the
  // others get 0.
  long first_limit = 0, limit_step = 0;
  float* inverse = nullptr;  // [rows]: 1 / the sum of w; 0 where nothing is seen
};
using AttentionRowsKernel = void(const AttentionRows& plan);

}  // namespace escuta::kernels
