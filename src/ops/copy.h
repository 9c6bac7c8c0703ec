// Moving elements whose values do not matter: from one strided place to another.
//
// Elements are moved as cells of whole bytes; those under 8 bits are unpacked to one byte each
// before and packed again after. Nothing here allocates on the heap.
#pragma once

#include <cstddef>

#include "ops/call.h"
#include "ops/packed.h"
#include "ops/walk.h"

namespace escuta::ops {

// The type with which elements of `dtype` are moved: itself, or a byte for one under 8 bits.
inline DType cell_dtype(DType dtype) { return is_packed(dtype) ? DType::kUint8 : dtype; }

// Bytes of a cell of `dtype`, which has 8 bits or more or is that of strings.
size_t cell_size(DType dtype);

// Input i's elements as cells. InvalidArgument when it is not a tensor.
Result<const std::byte*> input_cells(Call& call, size_t i);

// Memory for output i, as cells of `dtype`.
class OutputCells {
 public:
  static Result<OutputCells> create(Call& call, size_t i, DType dtype, const Shape& shape);
  DType dtype() const { return cell_dtype(dtype_); }
  std::byte* data() const { return cells_; }
  // T: of the size of a cell.
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(cells_);
  }
  // Once all cells are written.
  void finish() const;

 private:
  DType dtype_ = DType::kUndefined;
  int64_t count_ = 0;
  std::byte* cells_ = nullptr;
  std::byte* packed_ = nullptr;
};

// Array 0 of the walk is src, array 1 is dst; both have cells of `dtype`, which dst's are written
// to in any order. Contiguous runs are copied whole, transpositions in blocks.
Status copy_cells(DType dtype, Walk<2> walk, const std::byte* src, std::byte* dst);

// dst, dense of `shape`: each element comes from the sum of the offsets that tables[i] has for its
// place on axis i, in elements of src; where one is negative it stays as it is.
Status copy_mapped(DType dtype, const Shape& shape, std::span<const int64_t* const> tables,
                   const std::byte* src, std::byte* dst);

// A walk over all of `shape`, dense in dst, with these strides in src.
Walk<2> gather_walk(const Shape& shape, std::span<const int64_t> src_strides);

// dst[0], ..., dst[count - 1] = *value; zeros (empty strings) where value is nullptr.
Status fill_cells(DType dtype, const std::byte* value, int64_t count, std::byte* dst);

// Input i's elements, unchanged in their order, in output 0: a view of it.
Status set_view(Call& call, size_t i, const Shape& shape);

}  // namespace escuta::ops
