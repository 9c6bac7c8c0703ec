// TensorProto and SparseTensorProto.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/printable.h"
#include "onnx/fields.h"
#include "onnx/parser.h"
#include "onnx/parser_inl.h"
#include "tensor/shape.h"

namespace escuta::onnx {

static_assert(std::endian::native == std::endian::little,
              "tensor bytes are used from the file as they are");

// What a TensorProto says apart from its name and type. The typed fields are
// counted only: nothing is decoded before the count is known to be what the
// shape asks for.
struct Parser::TensorContent {
  protozero::data_view raw;
  uint32_t typed_field = 0;  // the typed field that has elements, if any
  size_t typed_count = 0;
  bool typed_twice = false;  // elements in two typed fields
  StringPairs external;
  bool is_external = false;
  bool is_segment = false;

  void count(uint32_t number, size_t n) {
    if (n == 0) return;
    typed_twice = typed_twice || (typed_field != 0 && typed_field != number);
    typed_field = number;
    typed_count += n;
  }
};

namespace {

using protozero::pbf_wire_type;

// The typed field that holds elements of one type (onnx.proto, TensorProto).
struct TypedForm {
  uint32_t number = 0;
  const char* name = "raw_data";
  size_t width = 0;  // bytes of the raw form that one element of the field gives
};

TypedForm typed_form(DType dtype) {
  switch (dtype) {
    case DType::kFloat:
    case DType::kComplex64:
      return {field::tensor::kFloatData, "float_data", 4};
    case DType::kDouble:
    case DType::kComplex128:
      return {field::tensor::kDoubleData, "double_data", 8};
    case DType::kInt64:
      return {field::tensor::kInt64Data, "int64_data", 8};
    case DType::kUint64:
      return {field::tensor::kUint64Data, "uint64_data", 8};
    case DType::kUint32:
      return {field::tensor::kUint64Data, "uint64_data", 4};
    case DType::kUndefined:
    case DType::kString:
      return {};
    default:
      // One element in each, or one byte of packed 4- or 2-bit elements.
      return {field::tensor::kInt32Data, "int32_data",
              static_cast<size_t>(std::max(dtype_bits(dtype), 8) / 8)};
  }
}

size_t element_alignment(DType dtype) {
  if (dtype == DType::kComplex64) return 4;
  if (dtype == DType::kComplex128) return 8;
  return static_cast<size_t>(std::max(dtype_bits(dtype) / 8, 1));
}

// Whether `value` is what a `width`-byte integer, signed or not, can hold:
// writers store float16 and unsigned types without sign and others with it.
bool fits(int64_t value, size_t width) {
  if (width >= 8) return true;
  const int64_t range = int64_t{1} << (8 * width);
  return value >= -range / 2 && value < range;
}

// Puts varints into `dst`, `width` bytes each.
class VarintSink {
 public:
  VarintSink(std::span<std::byte> dst, DType dtype, size_t width)
      : dst_(dst), width_(width), is_bool_(dtype == DType::kBool), wide_(dtype == DType::kUint32) {}

  void put(uint64_t varint) {
    // int32 fields: a negative number is sign-extended to 64 bits on the wire.
    int64_t value = static_cast<int64_t>(varint);
    if (width_ < 8 && !wide_) value = static_cast<int32_t>(value);
    if (is_bool_) value = value != 0;
    all_fit_ = all_fit_ && fits(value, width_);
    std::memcpy(dst_.data(), &value, width_);
    dst_ = dst_.subspan(width_);
  }
  bool all_fit() const { return all_fit_; }

 private:
  std::span<std::byte> dst_;
  size_t width_;
  bool is_bool_;
  bool wide_;
  bool all_fit_ = true;
};

// The elements of one typed field as the wire has them: packed, or one by one,
// or both.
template <typename PutBytes, typename PutVarint>
void for_each_typed(protozero::pbf_reader m, uint32_t number, const PutBytes& put_bytes,
                    const PutVarint& put_varint) {
  const bool is_varint =
      number != field::tensor::kFloatData && number != field::tensor::kDoubleData;
  while (m.next()) {
    if (m.tag() != number) {
      m.skip();
    } else if (m.has_wire_type(pbf_wire_type::length_delimited)) {
      const auto view = m.get_view();
      is_varint ? for_each_varint(view, put_varint) : put_bytes(view.data(), view.size());
    } else if (is_varint && m.has_wire_type(pbf_wire_type::varint)) {
      put_varint(m.get_uint64());
    } else if (number == field::tensor::kFloatData && m.has_wire_type(pbf_wire_type::fixed32)) {
      const uint32_t bits = m.get_fixed32();
      put_bytes(reinterpret_cast<const char*>(&bits), sizeof(bits));
    } else if (number == field::tensor::kDoubleData && m.has_wire_type(pbf_wire_type::fixed64)) {
      const uint64_t bits = m.get_fixed64();
      put_bytes(reinterpret_cast<const char*>(&bits), sizeof(bits));
    } else {
      m.skip();
    }
  }
}

Result<uint64_t> parse_unsigned(const std::string& key, const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return invalid_argument("external data: expected `{}` to be a number, found `{}`", key,
                            printable(text, 40));
  }
  return value;
}

Result<ExternalData> parse_external(const StringPairs& entries) {
  ExternalData external;
  for (const auto& [key, value] : entries) {
    if (key == "location") {
      external.location = value;
    } else if (key == "offset") {
      ASSIGN_OR_RETURN(external.offset, parse_unsigned(key, value));
    } else if (key == "length") {
      ASSIGN_OR_RETURN(external.length, parse_unsigned(key, value));
    }
  }
  return external;
}

}  // namespace

Status Parser::tensor_content(Reader m, TensorDef& out, TensorContent& content) {
  using field::bytes;
  using field::fixed32;
  using field::fixed64;
  using field::varint;
  while (next(m)) {
    const uint32_t number = m.tag();
    switch (m.tag_and_type()) {
      case varint(field::tensor::kDims):
      case bytes(field::tensor::kDims):
        ints(m, out.dims);
        break;
      case varint(field::tensor::kDataType):
        RETURN_IF_ERROR(dtype(m, out.dtype));
        break;
      case bytes(field::tensor::kSegment):
        content.is_segment = true;
        m.skip();
        break;
      case bytes(field::tensor::kFloatData):
        content.count(number, static_cast<size_t>(m.get_packed_float().size()));
        break;
      case bytes(field::tensor::kDoubleData):
        content.count(number, static_cast<size_t>(m.get_packed_double().size()));
        break;
      case bytes(field::tensor::kInt32Data):
      case bytes(field::tensor::kInt64Data):
      case bytes(field::tensor::kUint64Data):
        content.count(number, count_varints(m.get_view()));
        break;
      case fixed32(field::tensor::kFloatData):
      case fixed64(field::tensor::kDoubleData):
      case varint(field::tensor::kInt32Data):
      case varint(field::tensor::kInt64Data):
      case varint(field::tensor::kUint64Data):
        content.count(number, 1);
        m.skip();
        break;
      case bytes(field::tensor::kStringData):
        text(m, append(out.strings));
        break;
      case bytes(field::tensor::kName):
        text(m, out.name);
        break;
      case bytes(field::tensor::kRawData):
        content.raw = m.get_view();
        break;
      case bytes(field::tensor::kDoc):
        text(m, out.doc);
        break;
      case bytes(field::tensor::kExternalData):
        pair(m.get_message(), content.external);
        break;
      case varint(field::tensor::kDataLocation):
        content.is_external = m.get_int64() == 1;  // DataLocation.EXTERNAL
        break;
      case bytes(field::tensor::kMetadata):
        pair(m.get_message(), out.metadata);
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

Status Parser::tensor_strings(const TensorDef& out, const TensorContent& content) const {
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(out.dims));
  if (content.is_external || content.raw.size() > 0 || content.typed_count > 0) {
    return invalid_argument("expected strings in string_data, found other data");
  }
  if (static_cast<int64_t>(out.strings.size()) != shape.count()) {
    return invalid_argument("expected {} strings for shape {}, found {}", shape.count(),
                            shape.to_string(), out.strings.size());
  }
  return Status();
}

Status Parser::tensor_external(TensorDef& out, const TensorContent& content, size_t size) {
  if (content.raw.size() > 0 || content.typed_count > 0) {
    return invalid_argument("expected external data alone, found data inside the model as well");
  }
  ASSIGN_OR_RETURN(out.external, parse_external(content.external));
  RETURN_IF_ERROR(ExternalFiles::check_location(out.external->location));
  if (!options_.load_external_data) return Status();
  const uint64_t mapped = files_.mapped_bytes();
  ASSIGN_OR_RETURN(out.bytes, files_.find(*out.external, size));
  out.mapped = true;
  // Misaligned tensors may be copied once, so a file's size is what its tensors
  // may take.
  memory_left_ += files_.mapped_bytes() - mapped;
  return aligned(out);
}

Status Parser::tensor_typed(Reader m, TensorDef& out, const TensorContent& content, size_t size) {
  const TypedForm form = typed_form(out.dtype);
  if (content.typed_twice || content.typed_field != form.number) {
    return invalid_argument("expected the elements of type {} in {}, found them in another field",
                            dtype_name(out.dtype), form.name);
  }
  if (content.typed_count > size || content.typed_count * form.width != size) {
    return invalid_argument("expected {} elements in {}, found {}", size / form.width, form.name,
                            content.typed_count);
  }
  if (!charge(size)) return out_of_memory();
  ASSIGN_OR_RETURN(const std::span<std::byte> dst, arena_.take(size));
  VarintSink sink(dst, out.dtype, form.width);
  std::span<std::byte> left = dst;
  for_each_typed(
      m, form.number,
      [&](const char* data, size_t n) {
        std::memcpy(left.data(), data, n);
        left = left.subspan(n);
      },
      [&](uint64_t varint) { sink.put(varint); });
  if (!sink.all_fit()) {
    return invalid_argument("expected elements that fit type {} in {}, found larger ones",
                            dtype_name(out.dtype), form.name);
  }
  out.bytes = dst;
  return Status();
}

Status Parser::aligned(TensorDef& out) {
  const auto address = reinterpret_cast<uintptr_t>(out.bytes.data());
  const bool large = out.bytes.size() >= options_.align_data_under;
  if (large || address % element_alignment(out.dtype) == 0) return Status();
  if (!charge(out.bytes.size())) return out_of_memory();
  ASSIGN_OR_RETURN(const std::span<std::byte> copy, arena_.take(out.bytes.size()));
  std::ranges::copy(out.bytes, copy.begin());
  out.bytes = copy;
  out.mapped = false;
  return Status();
}

Status Parser::tensor(Reader m, TensorDef& out) {
  TensorContent content;
  const auto fill = [&]() -> Status {
    RETURN_IF_ERROR(tensor_content(m, out, content));
    if (memory_exceeded_) return out_of_memory();
    if (content.is_segment) {
      return unimplemented("expected a whole tensor, found a segment of one");
    }
    if (out.dtype == DType::kUndefined) {
      return invalid_argument("expected an element type, found none");
    }
    if (out.dtype == DType::kString) return tensor_strings(out, content);
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(out.dims));
    ASSIGN_OR_RETURN(const size_t size, dtype_bytes(out.dtype, shape.count()));
    if (!out.strings.empty()) {
      return invalid_argument("expected elements of type {}, found strings", dtype_name(out.dtype));
    }
    if (content.is_external) return tensor_external(out, content, size);
    if (content.typed_count > 0 && content.raw.size() == 0) {
      return tensor_typed(m, out, content, size);
    }
    if (content.typed_count > 0 || content.raw.size() != size) {
      return invalid_argument("expected {} bytes for {} {}, found {}{}", size,
                              dtype_name(out.dtype), shape.to_string(), content.raw.size(),
                              content.typed_count > 0 ? " and typed elements as well" : "");
    }
    out.bytes = std::as_bytes(std::span(content.raw.data(), content.raw.size()));
    return size == 0 ? Status() : aligned(out);
  };
  const Status status = fill();
  return status.ok() ? status : in_context(status, fmt::format("tensor `{}`", printable(out.name)));
}

Status Parser::sparse(Reader m, SparseTensorDef& out) {
  bool has_values = false;
  bool has_indices = false;
  const auto once = [](bool& has) {
    return std::exchange(has, true)
               ? invalid_argument("sparse tensor: expected one of each part, found two")
               : Status();
  };
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::sparse_tensor::kValues):
        RETURN_IF_ERROR(once(has_values));
        RETURN_IF_ERROR(tensor(m.get_message(), out.values));
        break;
      case field::bytes(field::sparse_tensor::kIndices):
        RETURN_IF_ERROR(once(has_indices));
        RETURN_IF_ERROR(tensor(m.get_message(), out.indices));
        break;
      case field::varint(field::sparse_tensor::kDims):
      case field::bytes(field::sparse_tensor::kDims):
        ints(m, out.dims);
        break;
      default:
        m.skip();
    }
  }
  if (!has_values || !has_indices) {
    return invalid_argument("sparse tensor: expected values and indices, found one or none");
  }
  return Shape::create(out.dims).status();
}

}  // namespace escuta::onnx
