// What goes into and comes out of a run: a tensor, sequence or map on the host, or a tensor that a
// provider holds on its device. A Value is a cheap handle; what it points to never changes, so it
// may be kept, handed to another session of the same provider, or read from any thread.
#pragma once

#include <memory>

#include "base/status.h"
#include "tensor/datum.h"
#include "tensor/tensor.h"

namespace escuta::engine {

// What a provider puts behind a Value of its own. Immutable once it is in one.
class ValueStorage {
 public:
  virtual ~ValueStorage() = default;
  virtual DType dtype() const = 0;
  virtual const Shape& shape() const = 0;
  // The elements in host memory, or nullptr when they are on a device.
  virtual const std::byte* host_data() const = 0;
  // A copy in host memory, wherever the elements are.
  virtual Result<Tensor> to_host() const = 0;
};

class Value {
 public:
  Value() = default;  // nothing: an absent optional input, or an output that nobody wanted
  explicit Value(std::shared_ptr<const ValueStorage> storage) : storage_(std::move(storage)) {}

  // Every provider accepts tensors of numbers on the host; strings, sequences and maps are for
  // those that know them. The datum is owned.
  static Value of(Datum datum);
  static Value of(Tensor tensor) { return of(Datum::of(std::move(tensor))); }

  explicit operator bool() const { return storage_ != nullptr || !datum_.is_none(); }
  // kUndefined for what is not a tensor.
  DType dtype() const { return storage_ != nullptr ? storage_->dtype() : datum_.dtype(); }
  const Shape& shape() const { return storage_ != nullptr ? storage_->shape() : datum_.shape(); }
  // What a provider holds, or nullptr for what is in datum().
  const ValueStorage* storage() const { return storage_.get(); }
  const Datum& datum() const { return datum_; }
  // Whether view() can give the elements.
  bool on_host() const {
    return storage_ == nullptr ? datum_.is_dense() : storage_->host_data() != nullptr;
  }

  // Borrowed host elements, valid while this Value lives; FailedPrecondition when they are on a
  // device or in a provider's own form (then use to_host). InvalidArgument when it is not a tensor
  // of numbers.
  Result<TensorView> view() const;
  Result<Tensor> to_host() const;
  // Without a copy where the elements are on the host; with room to grow where they have it.
  Result<Datum> to_datum() const;

 private:
  std::shared_ptr<const ValueStorage> storage_;
  Datum datum_;
};

}  // namespace escuta::engine
