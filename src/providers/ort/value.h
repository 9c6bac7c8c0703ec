// Tensors that ONNX Runtime holds, as engine Values.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "engine/value.h"
#include "providers/ort/handle.h"
#include "providers/ort/library.h"

namespace escuta::ort {

// An OrtValue that is a tensor: an output of a run, on the host or on a device. Immutable.
class OrtStorage final : public engine::ValueStorage {
 public:
  // Takes `value` over. Unimplemented when it is not a tensor of numbers.
  static Result<engine::Value> wrap(std::shared_ptr<const Library> library, ValueHandle value);

  DType dtype() const override { return dtype_; }
  const Shape& shape() const override { return shape_; }
  const std::byte* host_data() const override { return host_; }
  Result<Tensor> to_host() const override;

  const Library* library() const { return library_.get(); }
  OrtValue* get() const { return value_.get(); }

 private:
  OrtStorage(std::shared_ptr<const Library> library, ValueHandle value)
      : library_(std::move(library)), value_(std::move(value)) {}
  Status inspect();

  std::shared_ptr<const Library> library_;
  ValueHandle value_;
  DType dtype_ = DType::kUndefined;
  Shape shape_;
  const std::byte* host_ = nullptr;
};

// ONNXTensorElementDataType <-> DType. Equal but for the last three, which ONNX numbered otherwise.
Result<DType> dtype_from_ort(int32_t type);
int32_t dtype_to_ort(DType dtype);

// Element type, dimensions and symbols of a tensor, whichever are known.
struct TensorInfo {
  DType dtype = DType::kUndefined;
  std::vector<int64_t> dims;
  std::vector<std::string> symbols;
};
Result<TensorInfo> read_tensor_info(const Library& library, const OrtTensorTypeAndShapeInfo* info);

// An OrtValue over host elements of `tensor`, which must outlive it; nothing is copied.
Result<ValueHandle> borrow_tensor(const Library& library, const TensorView& tensor);

}  // namespace escuta::ort
