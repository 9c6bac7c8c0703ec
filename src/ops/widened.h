// Elements as the type that a loop computes in, converted only where they are not of it already.
#pragma once

#include "ops/call.h"
#include "ops/dispatch.h"

namespace escuta::ops {

// The elements as W, in scratch memory of the call unless they are W's bits already.
template <typename W, typename T>
Result<const W*> widened(Call& call, std::span<const T> src) {
  if constexpr (std::is_same_v<W, T> ||
                (std::is_integral_v<W> && std::is_integral_v<T> && sizeof(W) == sizeof(T))) {
    return reinterpret_cast<const W*>(src.data());
  } else {
    ASSIGN_OR_RETURN(W * dst, call.scratch_of<W>(static_cast<int64_t>(src.size())));
    for (size_t i = 0; i < src.size(); ++i) dst[i] = static_cast<W>(static_cast<Wide<T>>(src[i]));
    return dst;
  }
}

// The same for a tensor of any type among TypeList. W: float or double. Unimplemented.
template <typename W, typename TypeList = Floats>
Result<const W*> widened_tensor(Call& call, const Datum& tensor) {
  const W* result = nullptr;
  RETURN_IF_ERROR(dispatch(TypeList{}, tensor.dtype(), [&](auto tag) -> Status {
    ASSIGN_OR_RETURN(result, (widened<W>(call, tensor.as<decltype(tag)>())));
    return {};
  }));
  return result;
}

// An output that is computed as W and may be of a narrower type.
template <typename W>
class NarrowedOutput {
 public:
  // dtype: among Floats. Unimplemented.
  static Result<NarrowedOutput> create(Call& call, size_t i, DType dtype, const Shape& shape) {
    NarrowedOutput output;
    output.dtype_ = dtype;
    output.count_ = shape.count();
    RETURN_IF_ERROR(dispatch(Floats{}, dtype, [](auto) -> Status { return {}; }));
    ASSIGN_OR_RETURN(output.dst_, call.allocate(i, dtype, shape));
    if (dtype == dtype_of<W>()) {
      output.data_ = reinterpret_cast<W*>(output.dst_);
    } else {
      ASSIGN_OR_RETURN(output.data_, call.scratch_of<W>(output.count_));
    }
    return output;
  }
  W* data() const { return data_; }
  int64_t count() const { return count_; }
  // All elements are there: brings them to the output.
  Status finish() const {
    if (dtype_ == dtype_of<W>()) return {};
    return dispatch(Floats{}, dtype_, [&](auto tag) -> Status {
      using T = decltype(tag);
      T* dst = reinterpret_cast<T*>(dst_);
      for (int64_t i = 0; i < count_; ++i) dst[i] = static_cast<T>(static_cast<Wide<T>>(data_[i]));
      return {};
    });
  }

 private:
  DType dtype_ = DType::kUndefined;
  int64_t count_ = 0;
  std::byte* dst_ = nullptr;
  W* data_ = nullptr;
};

}  // namespace escuta::ops
