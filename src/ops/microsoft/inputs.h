// Checked and widened access to the inputs of fused operators, whose definitions are in float.
#pragma once

#include <initializer_list>

#include "ops/call.h"
#include "tensor/element.h"

namespace escuta::ops {

// More than memory holds; products of the dimensions of one input stay far from overflow.
inline constexpr int64_t kMaxCount = int64_t{1} << 40;

// InvalidArgument where one of the first `required` inputs is absent, any input is not a tensor, or
// the product of its dimensions other than 0 is over kMaxCount.
Status check_tensors(const Call& call, size_t required);

// Shape::create.
inline Result<Shape> shape_of(std::initializer_list<int64_t> dims) {
  return Shape::create({dims.begin(), dims.size()});
}

// InvalidArgument unless input i has these dimensions; -1: any. `what` names it in the message.
Status expect_shape(const Call& call, size_t i, std::string_view what,
                    std::initializer_list<int64_t> dims);

// The elements of input i, a tensor of T. InvalidArgument.
template <typename T>
Result<std::span<const T>> elements(const Call& call, size_t i) {
  if (!call.input(i).is_tensor() || call.dtype(i) != dtype_of<T>()) {
    return invalid_argument("expected input {} of type {}, found {}", i, dtype_name(dtype_of<T>()),
                            dtype_name(call.dtype(i)));
  }
  return call.input(i).as<T>();
}

// The elements of input i as float: itself, or widened into scratch. nullptr for an absent input.
// InvalidArgument for other types than float, float16 and bfloat16.
Result<const float*> floats(Call& call, size_t i);

// The one element of input i, any float type, or `absent` where there is none.
Result<float> scalar(const Call& call, size_t i, float absent);

// Output i computed in float and stored as float, float16 or bfloat16.
class FloatOutput {
 public:
  static Result<FloatOutput> create(Call& call, size_t i, DType dtype, const Shape& shape);
  float* data() const { return data_; }
  int64_t count() const { return count_; }
  void store() const;  // once data() is complete

 private:
  float* data_ = nullptr;
  std::byte* target_ = nullptr;  // nullptr: data_ is the output
  DType dtype_ = DType::kFloat;
  int64_t count_ = 0;
};

}  // namespace escuta::ops
