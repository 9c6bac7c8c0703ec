#include "ops/elements.h"

#include <algorithm>
#include <cstring>

namespace escuta::ops {
namespace {

// Elements of fewer than 8 bits that do not begin or end with a byte.
void copy_packed(int bits, const std::byte* src, int64_t src_at, std::byte* dst, int64_t dst_at,
                 int64_t count) {
  const int per_byte = 8 / bits;
  const unsigned mask = (1u << bits) - 1;
  for (int64_t i = 0; i < count; ++i) {
    const int from = static_cast<int>((src_at + i) % per_byte) * bits;
    const int to = static_cast<int>((dst_at + i) % per_byte) * bits;
    const unsigned value = (static_cast<unsigned>(src[(src_at + i) / per_byte]) >> from) & mask;
    std::byte& byte = dst[(dst_at + i) / per_byte];
    byte = static_cast<std::byte>((static_cast<unsigned>(byte) & ~(mask << to)) | value << to);
  }
}

}  // namespace

void copy_elements(DType dtype, const std::byte* src, int64_t src_at, std::byte* dst,
                   int64_t dst_at, int64_t count) {
  if (count == 0) return;
  if (dtype == DType::kString) {
    std::copy_n(reinterpret_cast<const std::string*>(src) + src_at, count,
                reinterpret_cast<std::string*>(dst) + dst_at);
    return;
  }
  const int bits = dtype_bits(dtype);
  if (bits < 8) return copy_packed(bits, src, src_at, dst, dst_at, count);
  const auto bytes = static_cast<size_t>(bits / 8);
  std::memcpy(dst + static_cast<size_t>(dst_at) * bytes, src + static_cast<size_t>(src_at) * bytes,
              static_cast<size_t>(count) * bytes);
}

void clear_elements(DType dtype, std::byte* dst, int64_t count) {
  if (count == 0) return;
  if (dtype == DType::kString) {
    std::fill_n(reinterpret_cast<std::string*>(dst), count, std::string());
    return;
  }
  const auto bits = static_cast<size_t>(count) * static_cast<size_t>(dtype_bits(dtype));
  std::memset(dst, 0, (bits + 7) / 8);
}

AxisView::AxisView(const Shape& shape, int axis) {
  for (int i = 0; i < shape.rank(); ++i) {
    (i < axis ? outer : i == axis ? count : inner) *= shape[i];
  }
}

void take_slices(DType dtype, const std::byte* src, const AxisView& view, int64_t first,
                 int64_t slices, std::byte* dst) {
  const int64_t run = slices * view.inner;
  if (run == 0) return;
  for (int64_t i = 0; i < view.outer; ++i) {
    copy_elements(dtype, src, (i * view.count + first) * view.inner, dst, i * run, run);
  }
}

void put_slices(DType dtype, const std::byte* src, std::byte* dst, const AxisView& view,
                int64_t first, int64_t slices) {
  const int64_t run = slices * view.inner;
  if (run == 0) return;
  for (int64_t i = 0; i < view.outer; ++i) {
    copy_elements(dtype, src, i * run, dst, (i * view.count + first) * view.inner, run);
  }
}

Result<Shape> insert_dim(const Shape& shape, int axis, int64_t dim) {
  if (shape.rank() == kMaxRank) {
    return invalid_argument("expected at most {} dimensions, found {}", kMaxRank, kMaxRank + 1);
  }
  std::array<int64_t, kMaxRank> dims{};
  const int rank = shape.rank();
  for (int i = 0; i < axis; ++i) dims[i] = shape[i];
  dims[axis] = dim;
  for (int i = axis; i < rank; ++i) dims[i + 1] = shape[i];
  return Shape::create({dims.data(), static_cast<size_t>(rank + 1)});
}

Shape remove_dim(const Shape& shape, int axis) {
  std::array<int64_t, kMaxRank> dims{};
  int rank = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != axis) dims[rank++] = shape[i];
  }
  // Fewer dimensions than a shape that exists: Shape counts dimensions of 0 as 1 in its limit.
  return Shape::create({dims.data(), static_cast<size_t>(rank)}).value();
}

Result<Shape> replace_dim(const Shape& shape, int axis, int64_t dim) {
  std::array<int64_t, kMaxRank> dims{};
  for (int i = 0; i < shape.rank(); ++i) dims[i] = i == axis ? dim : shape[i];
  return Shape::create({dims.data(), static_cast<size_t>(shape.rank())});
}

}  // namespace escuta::ops
