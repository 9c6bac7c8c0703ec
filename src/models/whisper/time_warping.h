// How a text runs through a recording: dynamic time warping over a matrix of how well each token
// fits each moment. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace escuta::whisper {

// A matrix in rows.
struct Matrix {
  size_t rows = 0, columns = 0;
  std::vector<float> values;  // [rows, columns]

  Matrix() = default;
  Matrix(size_t row_count, size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count) {}
  std::span<float> row(size_t i) { return std::span(values).subspan(i * columns, columns); }
  std::span<const float> row(size_t i) const {
    return std::span(values).subspan(i * columns, columns);
  }
};

// Each element becomes the median of the seven around it; beyond the ends stands what is before
// them, mirrored. Rows of three or fewer stay as they are (openai/whisper, timing.py).
inline constexpr size_t kMedianWidth = 7;
void median_filter(std::span<float> row);

// The cheapest way through `cost` from the first row and column to the last, which goes on by one
// row, one column or both (Sakoe and Chiba, 1978; no band). Gives for each row the column where the
// way enters it. Empty for an empty matrix.
std::vector<size_t> warp(const Matrix& cost);

}  // namespace escuta::whisper
