#include "engine/value.h"

#include <algorithm>
#include <utility>

namespace escuta::engine {
namespace {

class HostValue final : public ValueStorage {
 public:
  explicit HostValue(Tensor tensor) : tensor_(std::move(tensor)) {}
  DType dtype() const override { return tensor_.dtype(); }
  const Shape& shape() const override { return tensor_.shape(); }
  const std::byte* host_data() const override {
    // A tensor of no elements may have no memory; it is on the host all the same.
    static const std::byte nothing{};
    return tensor_.bytes().data() != nullptr ? tensor_.bytes().data() : &nothing;
  }
  Result<Tensor> to_host() const override {
    ASSIGN_OR_RETURN(Tensor copy, Tensor::create(tensor_.dtype(), tensor_.shape()));
    std::copy(tensor_.bytes().begin(), tensor_.bytes().end(), copy.bytes().begin());
    return copy;
  }

 private:
  Tensor tensor_;
};

}  // namespace

Value Value::of(Tensor tensor) { return Value(std::make_shared<HostValue>(std::move(tensor))); }

Result<TensorView> Value::view() const {
  if (storage_ == nullptr) return failed_precondition("expected a value, found none");
  const std::byte* data = storage_->host_data();
  if (data == nullptr) {
    return failed_precondition("expected a value in host memory, found one on a device");
  }
  ASSIGN_OR_RETURN(const size_t size, dtype_bytes(storage_->dtype(), storage_->shape().count()));
  return TensorView{storage_->dtype(), storage_->shape(), {data, size}};
}

}  // namespace escuta::engine
