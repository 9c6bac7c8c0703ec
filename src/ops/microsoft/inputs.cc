#include "ops/microsoft/inputs.h"

#include <algorithm>

#include "ops/dispatch.h"

namespace escuta::ops {
namespace {

template <typename T>
void widen(const Datum& from, float* to) {
  const std::span<const T> src = from.as<T>();
  std::copy(src.begin(), src.end(), to);
}

template <typename T>
void narrow(const float* from, int64_t count, std::byte* to) {
  T* dst = reinterpret_cast<T*>(to);
  for (int64_t i = 0; i < count; ++i) dst[i] = T(from[i]);
}

}  // namespace

Status check_tensors(const Call& call, size_t required) {
  for (size_t i = 0; i < std::max(required, call.input_count()); ++i) {
    if (!call.has(i)) {
      if (i >= required) continue;
      return invalid_argument("expected input {}, found none", i);
    }
    if (!call.input(i).is_tensor()) return invalid_argument("expected a tensor as input {}", i);
    int64_t product = 1;  // 0 elements do not excuse sizes that overflow elsewhere
    for (const int64_t dim : call.shape(i).dims()) {
      if (__builtin_mul_overflow(product, std::max<int64_t>(dim, 1), &product) ||
          product > kMaxCount) {
        return invalid_argument("expected dimensions whose product is {} at most, found {}",
                                kMaxCount, call.shape(i).to_string());
      }
    }
  }
  return {};
}

Status expect_shape(const Call& call, size_t i, std::string_view what,
                    std::initializer_list<int64_t> dims) {
  const Shape& shape = call.shape(i);
  bool fits = call.input(i).is_tensor() && shape.rank() == static_cast<int>(dims.size());
  std::string expected;
  for (int axis = 0; const int64_t dim : dims) {
    fits = fits && (dim < 0 || shape[axis] == dim);
    ++axis;
  }
  if (fits) return {};
  for (const int64_t dim : dims) {
    expected += (expected.empty() ? "" : ", ") + (dim < 0 ? "any" : std::to_string(dim));
  }
  return invalid_argument("expected {} of shape [{}], found {}", what, expected, shape.to_string());
}

Result<const float*> floats(Call& call, size_t i) {
  if (!call.has(i)) return nullptr;
  const Datum& input = call.input(i);
  if (!input.is_tensor()) return invalid_argument("expected a tensor as input {}", i);
  if (input.dtype() == DType::kFloat) return input.as<float>().data();
  if (input.dtype() != DType::kFloat16 && input.dtype() != DType::kBfloat16) {
    return invalid_argument("expected input {} of type float, float16 or bfloat16, found {}", i,
                            dtype_name(input.dtype()));
  }
  ASSIGN_OR_RETURN(float* wide, call.scratch_of<float>(input.count()));
  if (input.dtype() == DType::kFloat16) {
    widen<Float16>(input, wide);
  } else {
    widen<BFloat16>(input, wide);
  }
  return wide;
}

Result<float> scalar(const Call& call, size_t i, float absent) {
  if (!call.has(i)) return absent;
  const Datum& input = call.input(i);
  if (!input.is_tensor() || input.count() != 1) {
    return invalid_argument("expected one element in input {}, found shape {}", i,
                            input.shape().to_string());
  }
  float value = 0;
  RETURN_IF_ERROR(dispatch(Floats{}, input.dtype(), [&](auto tag) -> Status {
    value = static_cast<float>(input.as<decltype(tag)>()[0]);
    return {};
  }));
  return value;
}

Result<FloatOutput> FloatOutput::create(Call& call, size_t i, DType dtype, const Shape& shape) {
  if (dtype != DType::kFloat && dtype != DType::kFloat16 && dtype != DType::kBfloat16) {
    return invalid_argument("expected element type float, float16 or bfloat16, found {}",
                            dtype_name(dtype));
  }
  FloatOutput output;
  output.dtype_ = dtype;
  output.count_ = shape.count();
  ASSIGN_OR_RETURN(std::byte * data, call.allocate(i, dtype, shape));
  if (dtype == DType::kFloat) {
    output.data_ = reinterpret_cast<float*>(data);
    return output;
  }
  output.target_ = data;
  ASSIGN_OR_RETURN(output.data_, call.scratch_of<float>(output.count_));
  return output;
}

void FloatOutput::store() const {
  if (target_ == nullptr) return;
  if (dtype_ == DType::kFloat16) {
    narrow<Float16>(data_, count_, target_);
  } else {
    narrow<BFloat16>(data_, count_, target_);
  }
}

}  // namespace escuta::ops
