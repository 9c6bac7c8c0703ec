// A sparse tensor of the model (graph::SparseConstant) as a dense one: most elements are 0.
//
// Immutable; any thread.
#pragma once

#include "graph/fact.h"
#include "tensor/datum.h"

namespace escuta::ops {

class SparseTensor {
 public:
  // InvalidArgument unless there is an index for each value, within the shape; Unimplemented for
  // elements under 8 bits.
  static Result<SparseTensor> create(const graph::SparseConstant& constant);

  DType dtype() const { return values_.dtype(); }
  const Shape& shape() const { return shape_; }

  // dst: memory of a tensor of dtype() and shape(); all of it is written.
  void write(std::byte* dst) const;
  // ResourceExhausted over `limit` bytes: a small file can name a shape of any size.
  Result<Datum> to_datum(size_t limit) const;

 private:
  Shape shape_;
  Datum values_;
  Datum places_;  // int64 [values], of the elements in the dense tensor
};

}  // namespace escuta::ops
