// One run of one node: its inputs, memory for its outputs, its bodies.
//
// Made by whoever runs the node (the executor; passes that fold constants); used by one thread
// during Kernel::run.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <span>

#include "base/status.h"
#include "tensor/datum.h"

namespace escuta::ops {

class Call {
 public:
  virtual ~Call() = default;

  size_t input_count() const { return inputs_.size(); }
  bool has(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  // Input i; none for an absent one.
  const Datum& input(size_t i) const {
    static const Datum none;
    return has(i) ? *inputs_[i] : none;
  }
  const Shape& shape(size_t i) const { return input(i).shape(); }
  DType dtype(size_t i) const { return input(i).dtype(); }

  size_t output_count() const { return outputs_.size(); }
  bool wants(size_t i) const { return i < outputs_.size() && outputs_[i] != nullptr; }
  // Memory for output i, uninitialised (strings: empty), or a place to throw the elements away when
  // nobody wants it. Where the operator says so (Operator::in_place) it may be an input's memory.
  virtual Result<std::byte*> allocate(size_t i, DType dtype, const Shape& shape) = 0;
  template <typename T>
  Result<T*> output(size_t i, const Shape& shape) {
    ASSIGN_OR_RETURN(std::byte * data, allocate(i, dtype_of<T>(), shape));
    return reinterpret_cast<T*>(data);
  }
  // Output i is this: an input handed on, a reshaped one, a sequence, ... A tensor must be owned,
  // or be an input of this call.
  void set(size_t i, Datum value) {
    if (wants(i)) *outputs_[i] = std::move(value);
  }

  // Whether output i may be a tensor with room for more rows (Datum::with_room): its next reader
  // wants it to grow.
  virtual bool may_have_room(size_t) const { return false; }
  // Memory for an output that is given by set().
  virtual Result<Buffer> take_buffer(size_t bytes) { return Buffer::allocate(bytes); }

  // Uninitialised, 64-byte aligned, until the call ends.
  virtual Result<std::byte*> scratch(size_t bytes) = 0;
  template <typename T>
  Result<T*> scratch_of(int64_t count) {
    ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(dtype_of<T>(), count));
    ASSIGN_OR_RETURN(std::byte * data, scratch(bytes));
    return reinterpret_cast<T*>(data);
  }

  // Runs body `index` (NodeInfo::body) with these inputs. outputs: one per output of the body; its
  // tensors are owned.
  virtual Status run_body(int index, std::span<const Datum> inputs, std::span<Datum> outputs) = 0;

  // Cancelled or DeadlineExceeded when the run should end; asked between iterations of loops.
  virtual Status check_cancelled() const { return {}; }

  // Threads that this call may use, itself included.
  virtual int threads() const { return 1; }

  // Whether loops over kernels/ may take the place of the plain ones that define the results.
  virtual bool fast() const { return false; }

  // For operators without a `seed`. Not for secrets.
  virtual std::mt19937_64& random() = 0;

 protected:
  std::span<const Datum* const> inputs_;  // nullptr: absent
  std::span<Datum* const> outputs_;       // nullptr: not wanted
};

}  // namespace escuta::ops
