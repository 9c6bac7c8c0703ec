#include "ops/growing_cache.h"

#include <algorithm>
#include <array>

namespace escuta::ops {
namespace {

constexpr int64_t kLeastRows = 64;

CacheRows rows_of(const Datum& tensor) {
  const Shape& shape = tensor.shape();
  const int64_t capacity = tensor.is_dense() ? shape[2] : tensor.row_capacity();
  return {reinterpret_cast<const float*>(tensor.bytes()), shape[1] * capacity * shape[3],
          capacity * shape[3], shape[3], shape[2]};
}

// Rows `first` and following of every matrix of `to`.
void copy_rows(const CacheRows& from, int64_t batch, int64_t heads, int64_t size, int64_t first,
               const Datum& to) {
  const CacheRows target = rows_of(to);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const float* src = from.data + b * from.batch_step + h * from.head_step;
      float* dst = const_cast<float*>(target.data) + b * target.batch_step +  // NOLINT
                   h * target.head_step + first * size;
      if (from.row_step == size) {
        std::copy_n(src, from.length * size, dst);
        continue;
      }
      for (int64_t t = 0; t < from.length; ++t, src += from.row_step, dst += size) {
        std::copy_n(src, size, dst);
      }
    }
  }
}

}  // namespace

CacheRows cache_rows(const Call& call, size_t i) {
  ESCUTA_CHECK(call.dtype(i) == DType::kFloat && call.shape(i).rank() == 4);
  return rows_of(call.input(i));
}

Result<CacheRows> append_to_cache(Call& call, size_t past, size_t present, const CacheRows& fresh,
                                  int64_t batch, int64_t heads, int64_t size) {
  ESCUTA_CHECK(call.may_have_room(present));
  const CacheRows before = call.has(past) ? cache_rows(call, past) : CacheRows{};
  const int64_t total = before.length + fresh.length;
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::array{batch, heads, total, size}));
  const Datum& old = call.input(past);
  Datum grown;
  if (!old.is_dense() && total <= old.row_capacity() && old.buffer().claim(before.length, total)) {
    grown = Datum::with_room(DType::kFloat, shape, old.row_capacity(), old.buffer());
  } else {
    // Half as much again: a cache that grows row by row is moved a few times in all.
    const int64_t capacity = std::max(kLeastRows, (total + total / 2 + 15) / 16 * 16);
    ASSIGN_OR_RETURN(const Shape whole, Shape::create(std::array{batch, heads, capacity, size}));
    ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(DType::kFloat, whole.count()));
    ASSIGN_OR_RETURN(Buffer buffer, call.take_buffer(bytes));
    ESCUTA_CHECK(buffer.claim(0, total));
    grown = Datum::with_room(DType::kFloat, shape, capacity, std::move(buffer));
    if (before.length > 0) copy_rows(before, batch, heads, size, 0, grown);
  }
  copy_rows(fresh, batch, heads, size, before.length, grown);
  const CacheRows rows = rows_of(grown);
  call.set(present, std::move(grown));
  return rows;
}

}  // namespace escuta::ops
