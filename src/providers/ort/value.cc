#include "providers/ort/value.h"

namespace escuta::ort {
namespace {

constexpr int32_t kOrtUint2 = 24, kOrtInt2 = 25, kOrtFloat8E8M0 = 26;

}  // namespace

Result<DType> dtype_from_ort(int32_t type) {
  switch (type) {
    case kOrtUint2:
      return DType::kUint2;
    case kOrtInt2:
      return DType::kInt2;
    case kOrtFloat8E8M0:
      return DType::kFloat8E8M0;
    default:
      return dtype_from_onnx(type);
  }
}

int32_t dtype_to_ort(DType dtype) {
  switch (dtype) {
    case DType::kUint2:
      return kOrtUint2;
    case DType::kInt2:
      return kOrtInt2;
    case DType::kFloat8E8M0:
      return kOrtFloat8E8M0;
    default:
      return static_cast<int32_t>(dtype);
  }
}

Result<TensorInfo> read_tensor_info(const Library& library, const OrtTensorTypeAndShapeInfo* info) {
  const OrtFunctions& api = library.api();
  int32_t type = 0;
  size_t rank = 0;
  RETURN_IF_ERROR(library.take(api.GetTensorElementType(info, &type)));
  RETURN_IF_ERROR(library.take(api.GetDimensionsCount(info, &rank)));
  TensorInfo result;
  ASSIGN_OR_RETURN(result.dtype, dtype_from_ort(type));
  result.dims.resize(rank);
  std::vector<const char*> symbols(rank);
  if (rank > 0) {
    RETURN_IF_ERROR(library.take(api.GetDimensions(info, result.dims.data(), rank)));
    RETURN_IF_ERROR(library.take(api.GetSymbolicDimensions(info, symbols.data(), rank)));
  }
  for (const char* symbol : symbols) result.symbols.emplace_back(symbol != nullptr ? symbol : "");
  return result;
}

Result<ValueHandle> borrow_tensor(const Library& library, const TensorView& tensor) {
  static std::byte nothing[16];
  // The API takes a mutable pointer for inputs and outputs alike; an input is only read.
  void* data = tensor.bytes.empty() ? nothing : const_cast<std::byte*>(tensor.bytes.data());
  ValueHandle value(library.api());
  RETURN_IF_ERROR(library.take(library.api().CreateTensorWithDataAsOrtValue(
      library.cpu_memory(), data, tensor.bytes.size(), tensor.shape.dims().data(),
      static_cast<size_t>(tensor.shape.rank()), dtype_to_ort(tensor.dtype), value.out())));
  return value;
}

Result<engine::Value> OrtStorage::wrap(std::shared_ptr<const Library> library, ValueHandle value) {
  std::shared_ptr<OrtStorage> storage(new OrtStorage(std::move(library), std::move(value)));
  RETURN_IF_ERROR(storage->inspect());
  return engine::Value(std::move(storage));
}

Status OrtStorage::inspect() {
  const OrtFunctions& api = library_->api();
  int32_t is_tensor = 0;
  RETURN_IF_ERROR(library_->take(api.IsTensor(value_.get(), &is_tensor)));
  if (is_tensor == 0) return unimplemented("expected a tensor, found a sequence, map or optional");
  TensorInfoHandle info(api);
  RETURN_IF_ERROR(library_->take(api.GetTensorTypeAndShape(value_.get(), info.out())));
  ASSIGN_OR_RETURN(const TensorInfo tensor, read_tensor_info(*library_, info.get()));
  if (tensor.dtype == DType::kString) {
    return unimplemented("expected a tensor of numbers, found one of strings");
  }
  dtype_ = tensor.dtype;
  ASSIGN_OR_RETURN(shape_, Shape::create(tensor.dims));
  const OrtMemoryInfo* memory = nullptr;
  int32_t device = kDeviceCpu;
  RETURN_IF_ERROR(library_->take(api.GetTensorMemoryInfo(value_.get(), &memory)));
  api.MemoryInfoGetDeviceType(memory, &device);
  if (device == kDeviceCpu) {
    static const std::byte nothing{};
    void* data = nullptr;
    RETURN_IF_ERROR(library_->take(api.GetTensorMutableData(value_.get(), &data)));
    host_ = data != nullptr ? static_cast<const std::byte*>(data) : &nothing;
  }
  return Status();
}

Result<Tensor> OrtStorage::to_host() const {
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::create(dtype_, shape_));
  if (host_ != nullptr) {
    std::copy_n(host_, tensor.bytes().size(), tensor.bytes().begin());
    return tensor;
  }
  const OrtFunctions& api = library_->api();
  if (api.CopyTensors == nullptr) {
    return unimplemented("expected ONNX Runtime 1.23 or later to copy from a device, found {}",
                         library_->version());
  }
  ASSIGN_OR_RETURN(const ValueHandle host, borrow_tensor(*library_, tensor.view()));
  const OrtValue* const src = value_.get();
  OrtValue* const dst = host.get();
  RETURN_IF_ERROR(library_->take(api.CopyTensors(library_->env(), &src, &dst, nullptr, 1)));
  return tensor;
}

}  // namespace escuta::ort
