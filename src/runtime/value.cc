// The public values and errors.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/access.h"
#include "tensor/element.h"

namespace escuta::api {

using detail::Access;

Status to_public(const escuta::Status& status) {
  return Status(static_cast<Code>(status.code()), std::string(status.message()));
}

std::string Status::to_string() const {
  if (ok()) return "OK";
  return std::string(status_code_name(static_cast<StatusCode>(code_))) + ": " + message_;
}

void detail::no_value(const Status& status) {
  std::fprintf(stderr, "escuta: the value of a failed result was taken: %s\n",
               status.to_string().c_str());
  std::abort();
}

std::string_view dtype_name(DType dtype) {
  return escuta::dtype_name(static_cast<escuta::DType>(dtype));
}

Float16 Float16::from(float value) { return {escuta::Float16(value).bits}; }
float Float16::value() const { return half_to_float(bits); }
BFloat16 BFloat16::from(float value) { return {escuta::BFloat16(value).bits}; }
float BFloat16::value() const {
  escuta::BFloat16 wide;
  wide.bits = bits;
  return wide;
}

namespace {

Status invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

// The type, where it has elements of a fixed size: not kString, kUndefined or a number of none.
escuta::Result<escuta::DType> number_type(DType dtype) {
  ASSIGN_OR_RETURN(const escuta::DType type, dtype_from_onnx(static_cast<int64_t>(dtype)));
  if (dtype_bits(type) == 0) {
    return invalid_argument("expected a type of numbers, found {}", escuta::dtype_name(type));
  }
  return type;
}

struct Layout {
  escuta::DType dtype;
  Shape shape;
};

escuta::Result<Layout> check_layout(DType dtype, const Dims& dims, size_t found) {
  ASSIGN_OR_RETURN(const escuta::DType type, number_type(dtype));
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
  ASSIGN_OR_RETURN(const size_t expected, dtype_bytes(type, shape.count()));
  if (found != expected) {
    return invalid_argument("expected {} bytes for {} {}, found {}", expected,
                            escuta::dtype_name(type), shape.to_string(), found);
  }
  return Layout{type, shape};
}

escuta::Result<Tensor> copy_bytes(DType dtype, const Dims& dims, std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(const Layout layout, check_layout(dtype, dims, bytes.size()));
  ASSIGN_OR_RETURN(escuta::Datum datum, escuta::Datum::create(layout.dtype, layout.shape));
  std::copy(bytes.begin(), bytes.end(), datum.mutable_bytes());
  return Access::tensor(std::move(datum));
}

escuta::Result<Tensor> copy_strings(const Dims& dims, std::span<const std::string> strings) {
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
  ASSIGN_OR_RETURN(escuta::Datum datum, escuta::Datum::of<std::string>(shape, strings));
  return Access::tensor(std::move(datum));
}

}  // namespace

Result<Tensor> Tensor::copy(DType dtype, const Dims& shape, const void* data, size_t count) {
  if (dtype == DType::kString) {
    return to_public(copy_strings(shape, {static_cast<const std::string*>(data), count}));
  }
  const auto bits = static_cast<size_t>(dtype_bits(static_cast<escuta::DType>(dtype)));
  return to_public(
      copy_bytes(dtype, shape, {static_cast<const std::byte*>(data), count * (bits / 8)}));
}

Result<Tensor> Tensor::of_bytes(DType dtype, const Dims& shape, std::span<const std::byte> bytes) {
  return to_public(copy_bytes(dtype, shape, bytes));
}

Result<Tensor> Tensor::borrow_bytes(DType dtype, const Dims& dims,
                                    std::span<const std::byte> bytes) {
  const auto layout = check_layout(dtype, dims, bytes.size());
  if (!layout.ok()) return to_public(layout.status());
  const auto size = std::max<uintptr_t>(1, static_cast<uintptr_t>(dtype_bits(layout->dtype)) / 8);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % size != 0) return of_bytes(dtype, dims, bytes);
  return Access::tensor(escuta::Datum::of(layout->dtype, layout->shape,
                                          Buffer::foreign(bytes.data(), bytes.size(), nullptr)),
                        true);
}

DType Tensor::dtype() const {
  return datum_ == nullptr ? DType::kUndefined : static_cast<DType>(datum_->datum.dtype());
}

std::span<const int64_t> Tensor::shape() const {
  if (datum_ == nullptr) return {};
  return datum_->datum.shape().dims();
}

int64_t Tensor::count() const { return datum_ == nullptr ? 0 : datum_->datum.count(); }

std::span<const std::byte> Tensor::bytes() const {
  if (datum_ == nullptr || dtype() == DType::kString) return {};
  return {datum_->datum.bytes(), datum_->datum.byte_size()};
}

Status Tensor::check_type(DType wanted) const {
  if (dtype() == wanted) return Status();
  return invalid(fmt::format("expected elements of type {}, found {}", dtype_name(wanted),
                             dtype_name(dtype())));
}

const void* Tensor::data() const { return datum_ == nullptr ? nullptr : datum_->datum.bytes(); }

Value::Value(Tensor tensor) : datum_(std::move(tensor.datum_)) {}

Result<Value> Value::sequence(DType dtype, std::span<const Tensor> items) {
  auto sequence = std::make_shared<Sequence>();
  sequence->dtype = static_cast<escuta::DType>(dtype);
  for (const Tensor& item : items) {
    if (item.dtype() != dtype || !item) {
      return invalid(fmt::format("sequence: expected tensors of {}, found {}", dtype_name(dtype),
                                 dtype_name(item.dtype())));
    }
    const detail::Datum& datum = *Access::datum(item);
    if (!datum.borrowed) {
      sequence->items.push_back(datum.datum);
      continue;
    }
    const Dims shape(item.shape().begin(), item.shape().end());
    const Result<Tensor> copied = Tensor::of_bytes(dtype, shape, item.bytes());
    if (!copied.ok()) return copied.status();
    sequence->items.push_back(Access::datum(*copied)->datum);
  }
  return Access::value(escuta::Datum::of(std::shared_ptr<const Sequence>(std::move(sequence))));
}

Value::Kind Value::kind() const {
  return datum_ == nullptr ? Kind::kNone : static_cast<Kind>(datum_->datum.kind());
}

Tensor Value::tensor() const {
  Tensor tensor;
  if (kind() == Kind::kTensor) tensor.datum_ = datum_;
  return tensor;
}

std::vector<Value> Value::items() const {
  std::vector<Value> items;
  if (kind() != Kind::kSequence) return items;
  for (const escuta::Datum& item : datum_->datum.sequence().items) {
    items.push_back(Access::value(item));
  }
  return items;
}

Tensor Value::keys() const {
  return kind() == Kind::kMap ? Access::tensor(datum_->datum.map().keys) : Tensor();
}

Tensor Value::map_values() const {
  return kind() == Kind::kMap ? Access::tensor(datum_->datum.map().values) : Tensor();
}

Result<Value> Outputs::value(std::string_view name) const {
  std::string known;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return values_[i];
    known += (known.empty() ? "`" : ", `") + names_[i] + "`";
  }
  return Status(Code::kNotFound,
                fmt::format("expected one of the outputs {}, found `{}`", known, name));
}

Result<Tensor> Outputs::tensor(std::string_view name) const {
  const Result<Value> found = value(name);
  if (!found.ok()) return found.status();
  if (found->kind() == Value::Kind::kTensor) return found->tensor();
  return invalid(fmt::format("output `{}`: expected a tensor, found another kind of value", name));
}

Result<Tensor> Outputs::tensor(size_t i) const {
  if (i < names_.size()) return tensor(names_[i]);
  return Status(Code::kOutOfRange,
                fmt::format("expected an output of {}, found number {}", names_.size(), i));
}

Cancellation::Cancellation() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
void Cancellation::cancel() const { flag_->store(true); }
bool Cancellation::cancelled() const { return flag_->load(); }

}  // namespace escuta::api
