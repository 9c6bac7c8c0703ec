// Matrix products as plain loops, and what numpy.matmul says of shapes: MatMul, Gemm, Einsum.
#pragma once

#include <optional>
#include <type_traits>

#include "ops/broadcast.h"
#include "ops/inference.h"
#include "tensor/element.h"

namespace escuta::ops {

// What T is multiplied and added in: float for the half-width types, unsigned integers, which wrap
// around, for integers.
template <typename T>
using ProductType = std::conditional_t<
    kIsHalf<T>, float,
    std::conditional_t<std::is_integral_v<T>,
                       std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>, T>>;

// Whether an array of T is one of ProductType<T> as it stands.
template <typename T>
inline constexpr bool kIsProductType = !kIsHalf<T> && sizeof(T) == sizeof(ProductType<T>);

// dst [rows, columns] = a [rows, depth] b [depth, columns]; b and dst are contiguous, element (i,
// k) of a is at a[i * a_row + k * a_step]. T: float, double, uint32_t, uint64_t.
template <typename T>
void multiply(const T* a, int64_t a_row, int64_t a_step, const T* b, T* dst, int64_t rows,
              int64_t depth, int64_t columns);

// dst [columns, rows] = src [rows, columns] transposed.
template <typename T>
void transpose(const T* src, T* dst, int64_t rows, int64_t columns) {
  if (columns == 0) return;
  constexpr int64_t kTile = 16;  // both sides stay in the cache
  for (int64_t i = 0; i < rows; i += kTile) {
    for (int64_t j = 0; j < columns; j += kTile) {
      for (int64_t y = i; y < std::min(i + kTile, rows); ++y) {
        for (int64_t x = j; x < std::min(j + kTile, columns); ++x)
          dst[x * rows + y] = src[y * columns + x];
      }
    }
  }
}

// The products behind numpy.matmul of two shapes.
struct MatMulShape {
  int64_t rows = 1, depth = 1, columns = 1;
  Broadcast<2> batch;  // offsets count matrices
  Shape result;

  static Result<MatMulShape> create(const Shape& a, const Shape& b);
};

// The dimensions of the result, as far as those of a and b are known. Fails the node where numbers
// do not fit.
std::optional<Dims> matmul_dims(const Inference& node, const std::optional<Dims>& a,
                                const std::optional<Dims>& b);

}  // namespace escuta::ops
