// A tensor that some provider holds, on the host or on a device: what goes into and comes out of
// a run. A Value is a cheap handle; what it points to never changes, so it may be kept, handed to
// another session of the same provider, or read from any thread.
#pragma once

#include <memory>

#include "base/status.h"
#include "tensor/tensor.h"

namespace escuta::engine {

// What a provider puts behind a Value. Immutable once it is in one.
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

  // Takes the tensor over; every provider accepts such a value as an input.
  static Value of(Tensor tensor);

  explicit operator bool() const { return storage_ != nullptr; }
  DType dtype() const { return storage_->dtype(); }
  const Shape& shape() const { return storage_->shape(); }
  const ValueStorage* storage() const { return storage_.get(); }

  // Borrowed host elements, valid while this Value lives; FailedPrecondition when they are on a
  // device (then use to_host).
  Result<TensorView> view() const;
  Result<Tensor> to_host() const { return storage_->to_host(); }

 private:
  std::shared_ptr<const ValueStorage> storage_;
};

}  // namespace escuta::engine
