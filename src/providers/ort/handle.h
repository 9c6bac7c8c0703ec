// Ownership of the C API's objects: each is given back by the function that the API has for it.
#pragma once

#include <utility>

#include "providers/ort/ort_api.h"

namespace escuta::ort {

// One object of type T, or none. Move-only. The functions must outlive it.
template <typename T, void (*OrtFunctions::*kRelease)(T*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(const OrtFunctions& api, T* object = nullptr) : api_(&api), object_(object) {}
  Handle(Handle&& other) noexcept
      : api_(other.api_), object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~Handle() {
    if (object_ != nullptr) (api_->*kRelease)(object_);
  }

  T* get() const { return object_; }
  // For the API's out parameters; only while empty.
  T** out() { return &object_; }

 private:
  const OrtFunctions* api_ = nullptr;
  T* object_ = nullptr;
};

using SessionHandle = Handle<OrtSession, &OrtFunctions::ReleaseSession>;
using SessionOptionsHandle = Handle<OrtSessionOptions, &OrtFunctions::ReleaseSessionOptions>;
using ValueHandle = Handle<OrtValue, &OrtFunctions::ReleaseValue>;
using TypeInfoHandle = Handle<OrtTypeInfo, &OrtFunctions::ReleaseTypeInfo>;
using TensorInfoHandle =
    Handle<OrtTensorTypeAndShapeInfo, &OrtFunctions::ReleaseTensorTypeAndShapeInfo>;
using MemoryInfoHandle = Handle<OrtMemoryInfo, &OrtFunctions::ReleaseMemoryInfo>;
using BindingHandle = Handle<OrtIoBinding, &OrtFunctions::ReleaseIoBinding>;
using PrepackedHandle =
    Handle<OrtPrepackedWeightsContainer, &OrtFunctions::ReleasePrepackedWeightsContainer>;

}  // namespace escuta::ort
