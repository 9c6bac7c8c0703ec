#include "tensor/shape.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace escuta {

Shape::Shape(std::initializer_list<int64_t> dims) {
  Result<Shape> made = create(std::span(dims.begin(), dims.size()));
  *this = made.value();
}

Result<Shape> Shape::create(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank) {
    return invalid_argument("expected at most {} dimensions, found {}", kMaxRank, dims.size());
  }
  Shape shape;
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0) return invalid_argument("expected dimensions of 0 or more, found {}", dim);
    if (__builtin_mul_overflow(count, std::max<int64_t>(dim, 1), &count)) {
      return invalid_argument("shape [{}] has more elements than 64 bits can count",
                              fmt::join(dims, ", "));
    }
    shape.dims_[static_cast<size_t>(shape.rank_++)] = dim;
  }
  return shape;
}

int64_t Shape::count() const {
  int64_t product = 1;
  for (const int64_t dim : dims()) product *= dim;
  return product;
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(dims(), ", ")); }

bool operator==(const Shape& a, const Shape& b) { return std::ranges::equal(a.dims(), b.dims()); }

}  // namespace escuta
