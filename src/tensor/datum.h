// What flows along an edge of a graph: a tensor of numbers or strings, a sequence, a map, or
// nothing (an optional without a value).
//
// A Datum is a cheap handle: copies share elements, which do not change once others can see them.
// A tensor either holds its memory (owned) or borrows it from whoever made it, who says for how
// long. Any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/status.h"
#include "tensor/buffer.h"
#include "tensor/element.h"
#include "tensor/shape.h"
#include "tensor/tensor.h"

namespace escuta {

struct Sequence;
struct Map;

class Datum {
 public:
  enum class Kind { kNone, kTensor, kSequence, kMap };

  Datum() = default;  // none
  // A tensor in memory of its own, uninitialised (strings: empty). OutOfRange, ResourceExhausted.
  static Result<Datum> create(DType dtype, const Shape& shape);
  // A tensor in `buffer`, which is large enough.
  static Datum of(DType dtype, const Shape& shape, Buffer buffer);
  // A tensor [..., T, D] whose matrices are `capacity` >= T rows apart in `buffer`, which claimed T
  // of them (Buffer::claim): room for more rows, which another tensor then has. Only who asks for
  // row_capacity() may read its bytes.
  static Datum with_room(DType dtype, const Shape& shape, int64_t capacity, Buffer buffer);
  // Takes the tensor over.
  static Datum of(Tensor tensor);
  // Borrows: `data` outlives every copy of the result, or the copies are made owned().
  static Datum borrow(DType dtype, const Shape& shape, const std::byte* data);
  static Datum of(std::shared_ptr<const Sequence> sequence);
  static Datum of(std::shared_ptr<const Map> map);
  // A tensor of its own with these elements; values.size() == shape.count().
  template <typename T>
  static Result<Datum> of(const Shape& shape, std::span<const T> values);

  Kind kind() const { return kind_; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_tensor() const { return kind_ == Kind::kTensor; }
  const Sequence& sequence() const { return *sequence_; }  // of kind kSequence
  const Map& map() const { return *map_; }                 // of kind kMap

  // Of tensors.
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t count() const { return shape_.count(); }
  const std::byte* bytes() const { return data_; }
  size_t byte_size() const;  // strings: of the string objects
  // The elements; T is what dtype() says, std::string for strings.
  template <typename T>
  std::span<const T> as() const {
    ESCUTA_CHECK(dtype_ == dtype_of<T>() && is_dense());
    return {reinterpret_cast<const T*>(data_), static_cast<size_t>(count())};
  }
  // For whoever made the tensor and has not shown it to anybody yet.
  std::byte* mutable_bytes() { return data_; }
  template <typename T>
  T* mutable_data() {
    ESCUTA_CHECK(dtype_ == dtype_of<T>());
    return reinterpret_cast<T*>(data_);
  }
  TensorView view() const;  // of numbers, dense

  // Rows from a matrix to the next where there is room for more; 0: elements follow each other.
  int64_t row_capacity() const { return row_capacity_; }
  bool is_dense() const { return row_capacity_ == 0; }
  // This, or a copy without room. ResourceExhausted.
  Result<Datum> to_dense() const;

  // The same elements in another shape of the same count.
  Datum reshaped(const Shape& shape) const;
  bool owned() const { return kind_ != Kind::kTensor || static_cast<bool>(buffer_); }
  const Buffer& buffer() const { return buffer_; }
  // This, or a copy that holds its memory. ResourceExhausted.
  Result<Datum> to_owned() const;

 private:
  Kind kind_ = Kind::kNone;
  DType dtype_ = DType::kUndefined;
  Shape shape_;
  std::byte* data_ = nullptr;
  int64_t row_capacity_ = 0;
  Buffer buffer_;
  std::shared_ptr<const Sequence> sequence_;
  std::shared_ptr<const Map> map_;
};

// Items are owned tensors (or sequences, maps, nones). dtype is that of tensor items, known for an
// empty sequence too.
struct Sequence {
  DType dtype = DType::kUndefined;
  std::vector<Datum> items;
};

// keys [N] of integers or strings, values [N] of numbers or strings; keys are distinct.
struct Map {
  Datum keys;
  Datum values;
};

template <typename T>
Result<Datum> Datum::of(const Shape& shape, std::span<const T> values) {
  if (static_cast<int64_t>(values.size()) != shape.count()) {
    return invalid_argument("expected {} elements for shape {}, found {}", shape.count(),
                            shape.to_string(), values.size());
  }
  ASSIGN_OR_RETURN(Datum datum, create(dtype_of<T>(), shape));
  std::copy(values.begin(), values.end(), datum.mutable_data<T>());
  return datum;
}

}  // namespace escuta
