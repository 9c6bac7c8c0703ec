// The dimensions of a tensor that exists: all known, none negative.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "base/status.h"

namespace escuta {

inline constexpr int kMaxRank = 16;

// A value type without heap memory, so that a warmed run can make shapes and not allocate.
class Shape {
 public:
  Shape() = default;                           // a scalar
  Shape(std::initializer_list<int64_t> dims);  // for our own shapes: dims >= 0, rank <= kMaxRank

  // InvalidArgument for a rank over kMaxRank, a negative dimension, or a product over int64.
  static Result<Shape> create(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }
  int64_t count() const;  // number of elements; 1 for a scalar

  std::string to_string() const;  // "[1, 80, 3000]"

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

}  // namespace escuta
