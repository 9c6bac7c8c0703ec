#include "ops/copy.h"

#include <algorithm>
#include <cstring>

#include "ops/arguments.h"
#include "ops/dispatch.h"

namespace escuta::ops {
namespace {

// A block of a transposition has this many rows and columns: both its sides stay in the cache.
constexpr int64_t kBlock = 16;

struct Plane {
  int64_t rows, cols;
  int64_t src_row, src_col;
  int64_t dst_row, dst_col;
};

template <typename T>
void copy_run(const T* src, T* dst, int64_t count) {
  if constexpr (std::is_trivially_copyable_v<T>) {
    std::memcpy(dst, src, static_cast<size_t>(count) * sizeof(T));
  } else {
    std::copy_n(src, count, dst);
  }
}

template <typename T>
void copy_transposed(const Plane& p, const T* src, T* dst) {
  for (int64_t r0 = 0; r0 < p.rows; r0 += kBlock) {
    const int64_t r1 = std::min(r0 + kBlock, p.rows);
    for (int64_t c0 = 0; c0 < p.cols; c0 += kBlock) {
      const int64_t c1 = std::min(c0 + kBlock, p.cols);
      for (int64_t r = r0; r < r1; ++r) {
        for (int64_t c = c0; c < c1; ++c) dst[r * p.dst_row + c] = src[r + c * p.src_col];
      }
    }
  }
}

template <typename T>
void copy_plane(const Plane& p, const T* src, T* dst) {
  if (p.src_row == 1 && p.dst_col == 1 && p.src_col != 1 && p.src_col != 0) {
    copy_transposed(p, src, dst);
    return;
  }
  for (int64_t r = 0; r < p.rows; ++r) {
    const T* from = src + r * p.src_row;
    T* to = dst + r * p.dst_row;
    if (p.src_col == 1 && p.dst_col == 1) {
      copy_run(from, to, p.cols);
    } else if (p.src_col == 0 && p.dst_col == 1) {
      std::fill_n(to, p.cols, *from);
    } else {
      for (int64_t c = 0; c < p.cols; ++c) to[c * p.dst_col] = from[c * p.src_col];
    }
  }
}

// Brings a dimension that is contiguous in src beside the last one, so that planes can be
// transposed in blocks.
void bring_contiguous_inside(Walk<2>& walk) {
  const int last = walk.rank() - 1;
  const int64_t step = walk.stride(0, last);
  if (step == 0 || step == 1 || walk.stride(1, last) != 1) return;
  for (int i = 0; i < last; ++i) {
    if (walk.stride(0, i) == 1) walk.swap(i, last - 1);
  }
}

}  // namespace

size_t cell_size(DType dtype) {
  return dtype == DType::kString ? sizeof(std::string) : static_cast<size_t>(dtype_bits(dtype)) / 8;
}

Result<const std::byte*> input_cells(Call& call, size_t i) {
  RETURN_IF_ERROR(check_tensor(call, i));
  const Datum& datum = call.input(i);
  if (!is_packed(datum.dtype())) return datum.bytes();
  ASSIGN_OR_RETURN(uint8_t * cells, call.scratch_of<uint8_t>(datum.count()));
  unpack_bits(datum.bytes(), datum.count(), dtype_bits(datum.dtype()), cells);
  const std::byte* bytes = reinterpret_cast<const std::byte*>(cells);
  return bytes;
}

Result<OutputCells> OutputCells::create(Call& call, size_t i, DType dtype, const Shape& shape) {
  OutputCells output;
  output.dtype_ = dtype;
  output.count_ = shape.count();
  ASSIGN_OR_RETURN(output.cells_, call.allocate(i, dtype, shape));
  if (is_packed(dtype)) {
    output.packed_ = output.cells_;
    ASSIGN_OR_RETURN(output.cells_, call.scratch(static_cast<size_t>(output.count_)));
  }
  return output;
}

void OutputCells::finish() const {
  if (packed_ == nullptr) return;
  pack_bits(reinterpret_cast<const uint8_t*>(cells_), count_, dtype_bits(dtype_), packed_);
}

Status copy_cells(DType dtype, Walk<2> walk, const std::byte* src, std::byte* dst) {
  return dispatch_by_size(dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    const T* from = reinterpret_cast<const T*>(src);
    T* to = reinterpret_cast<T*>(dst);
    if (walk.count() == 0) return {};
    if (walk.rank() == 0) {
      *to = *from;
      return {};
    }
    bring_contiguous_inside(walk);
    const int col = walk.rank() - 1;
    const int row = col - 1;  // may be absent
    const Plane plane = {.rows = row < 0 ? 1 : walk.dim(row),
                         .cols = walk.dim(col),
                         .src_row = row < 0 ? 0 : walk.stride(0, row),
                         .src_col = walk.stride(0, col),
                         .dst_row = row < 0 ? 0 : walk.stride(1, row),
                         .dst_col = walk.stride(1, col)};
    walk.for_each(std::max(row, 0),
                  [&](const auto& at) { copy_plane(plane, from + at[0], to + at[1]); });
    return {};
  });
}

Status copy_mapped(DType dtype, const Shape& shape, std::span<const int64_t* const> tables,
                   const std::byte* src, std::byte* dst) {
  return dispatch_by_size(dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    const T* from = reinterpret_cast<const T*>(src);
    T* to = reinterpret_cast<T*>(dst);
    if (shape.count() == 0) return {};
    if (shape.rank() == 0) {
      *to = *from;
      return {};
    }
    const int last = shape.rank() - 1;
    const int64_t* row = tables[static_cast<size_t>(last)];
    std::array<int64_t, kMaxRank> index{};
    for (int64_t done = 0; done < shape.count(); done += shape[last], to += shape[last]) {
      int64_t offset = 0;
      bool outside = false;
      for (size_t i = 0; i < static_cast<size_t>(last); ++i) {
        const int64_t step = tables[i][index[i]];
        outside = outside || step < 0;
        offset += step;
      }
      for (int64_t i = 0; i < shape[last] && !outside; ++i) {
        if (row[i] >= 0) to[i] = from[offset + row[i]];
      }
      for (int i = last - 1; i >= 0 && ++index[static_cast<size_t>(i)] == shape[i]; --i) {
        index[static_cast<size_t>(i)] = 0;
      }
    }
    return {};
  });
}

Walk<2> gather_walk(const Shape& shape, std::span<const int64_t> src_strides) {
  Walk<2> walk;
  const auto dst_strides = strides_of(shape);
  for (int i = 0; i < shape.rank(); ++i) {
    const auto at = static_cast<size_t>(i);
    walk.add(shape[i], {src_strides[at], dst_strides[at]});
  }
  return walk;
}

Status fill_cells(DType dtype, const std::byte* value, int64_t count, std::byte* dst) {
  return dispatch_by_size(dtype, [&](auto tag) -> Status {
    using T = decltype(tag);
    std::fill_n(reinterpret_cast<T*>(dst), count,
                value == nullptr ? T{} : *reinterpret_cast<const T*>(value));
    return {};
  });
}

Status set_view(Call& call, size_t i, const Shape& shape) {
  RETURN_IF_ERROR(check_tensor(call, i));
  if (shape.count() != call.input(i).count()) {
    return invalid_argument("expected a shape of {} elements for an input of shape {}, found {}",
                            call.input(i).count(), call.shape(i).to_string(), shape.to_string());
  }
  call.set(0, call.input(i).reshaped(shape));
  return {};
}

}  // namespace escuta::ops
