#include "onnx/test_data.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <protozero/exception.hpp>
#include <stdexcept>

#include "base/files.h"
#include "onnx/fields.h"
#include "onnx/parser.h"
#include "onnx/parser_inl.h"

namespace escuta::onnx {
namespace {

using Kind = TypeDef::Kind;

// SequenceProto.DataType and OptionalProto.DataType.
Result<Kind> kind_from_onnx(int64_t type) {
  switch (type) {
    case 0:
      return Kind::kNone;
    case 1:
      return Kind::kTensor;
    case 2:
      return Kind::kSparseTensor;
    case 3:
      return Kind::kSequence;
    case 4:
      return Kind::kMap;
    case 5:
      return Kind::kOptional;
    default:
      return invalid_argument("expected an element type from 0 to 5, found {}", type);
  }
}

// The kind of value in a field of SequenceProto or OptionalProto, which number them alike.
Kind kind_of_field(uint32_t number) {
  switch (number) {
    case field::sequence::kTensors:
      return Kind::kTensor;
    case field::sequence::kSparseTensors:
      return Kind::kSparseTensor;
    case field::sequence::kSequences:
      return Kind::kSequence;
    case field::sequence::kMaps:
      return Kind::kMap;
    case field::sequence::kOptionals:
      return Kind::kOptional;
    default:
      return Kind::kNone;
  }
}

static_assert(field::sequence::kTensors == +field::optional::kTensor &&
              field::sequence::kSequences == +field::optional::kSequence &&
              field::sequence::kMaps == +field::optional::kMap &&
              field::sequence::kOptionals == +field::optional::kOptional &&
              field::sequence::kElemType == +field::optional::kElemType);

bool is_integer(DType dtype) {
  constexpr DType kIntegers[] = {DType::kUint8,  DType::kInt8,  DType::kUint16, DType::kInt16,
                                 DType::kUint32, DType::kInt32, DType::kUint64, DType::kInt64};
  return std::ranges::find(kIntegers, dtype) != std::end(kIntegers);
}

// Whether a map has one key for each value, of a type that keys may have.
Status check_keys(const DataDef& map, size_t numbers) {
  const TensorDef& keys = map.tensor;
  const bool strings = keys.dtype == DType::kString;
  const bool integers = is_integer(keys.dtype);
  if (!strings && !integers) {
    return invalid_argument("expected the keys of a map to be strings or integers, found type {}",
                            dtype_name(keys.dtype));
  }
  const size_t found = strings ? keys.strings.size() : numbers;
  if (found != map.elements.size() || (strings ? numbers : keys.strings.size()) != 0) {
    return invalid_argument("expected {} keys for as many values of a map, found {}",
                            map.elements.size(), found);
  }
  return Status();
}

Result<Datum> tensor_datum(const TensorDef& def) {
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(def.dims));
  ASSIGN_OR_RETURN(Datum datum, Datum::create(def.dtype, shape));
  if (def.dtype == DType::kString) {
    std::ranges::copy(def.strings, datum.mutable_data<std::string>());
  } else {
    std::ranges::copy(def.bytes, datum.mutable_bytes());
  }
  return datum;
}

Result<Datum> sequence_datum(const DataDef& value) {
  auto sequence = std::make_shared<Sequence>();
  for (const DataDef& element : value.elements) {
    ASSIGN_OR_RETURN(Datum item, to_datum(element));
    sequence->dtype = item.dtype();
    sequence->items.push_back(std::move(item));
  }
  return Datum::of(std::shared_ptr<const Sequence>(std::move(sequence)));
}

Status check_distinct(const TensorDef& keys) {
  const size_t width = static_cast<size_t>(dtype_bits(keys.dtype)) / 8;
  std::vector<std::string_view> names(keys.strings.begin(), keys.strings.end());
  for (size_t at = 0; at < keys.bytes.size(); at += width) {
    names.emplace_back(reinterpret_cast<const char*>(keys.bytes.data()) + at, width);
  }
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end()
             ? Status()
             : invalid_argument("expected distinct keys in a map, found one twice");
}

Result<Datum> map_datum(const DataDef& value) {
  RETURN_IF_ERROR(check_distinct(value.tensor));
  const auto count = static_cast<int64_t>(value.elements.size());
  TensorDef values;
  values.dims = {count};
  values.dtype = count == 0 ? DType::kFloat : value.elements.front().tensor.dtype;
  std::vector<std::byte> bytes;
  for (const DataDef& element : value.elements) {
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(element.tensor.dims));
    if (element.kind != Kind::kTensor || element.tensor.dtype != values.dtype ||
        shape.count() != 1 || dtype_bits(values.dtype) % 8 != 0) {
      return invalid_argument("expected single elements of one type in a map, found other values");
    }
    bytes.insert(bytes.end(), element.tensor.bytes.begin(), element.tensor.bytes.end());
    values.strings.insert(values.strings.end(), element.tensor.strings.begin(),
                          element.tensor.strings.end());
  }
  values.bytes = bytes;
  auto map = std::make_shared<Map>();
  ASSIGN_OR_RETURN(map->keys, tensor_datum(value.tensor));
  ASSIGN_OR_RETURN(map->values, tensor_datum(values));
  return Datum::of(std::shared_ptr<const Map>(std::move(map)));
}

}  // namespace

// SequenceProto and OptionalProto.
Status Parser::data_elements(Reader m, DataDef& out, int depth) {
  Kind declared = Kind::kNone;
  while (next(m)) {
    const Kind kind = kind_of_field(m.tag());
    if (m.tag_and_type() == field::bytes(field::sequence::kName)) {
      text(m, out.name);
    } else if (m.tag_and_type() == field::varint(field::sequence::kElemType)) {
      ASSIGN_OR_RETURN(declared, kind_from_onnx(m.get_int64()));
    } else if (kind != Kind::kNone && m.has_wire_type(protozero::pbf_wire_type::length_delimited)) {
      RETURN_IF_ERROR(data(m.get_message(), kind, append(out.elements), depth));
    } else {
      m.skip();
    }
  }
  for (const DataDef& element : out.elements) {
    if (declared != Kind::kNone && element.kind != declared) {
      return invalid_argument("expected elements of the kind that elem_type says, found others");
    }
  }
  if (out.kind == Kind::kOptional && out.elements.size() > 1) {
    return invalid_argument("expected at most one value in an optional, found {}",
                            out.elements.size());
  }
  return Status();
}

Status Parser::data_map(Reader m, DataDef& out, int depth) {
  std::vector<int64_t> numbers;
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::map::kName):
        text(m, out.name);
        break;
      case field::varint(field::map::kKeyType):
        RETURN_IF_ERROR(dtype(m, out.tensor.dtype));
        break;
      case field::varint(field::map::kKeys):
      case field::bytes(field::map::kKeys):
        ints(m, numbers);
        break;
      case field::bytes(field::map::kStringKeys):
        text(m, append(out.tensor.strings));
        break;
      case field::bytes(field::map::kValues): {
        if (!out.elements.empty()) return invalid_argument("expected one list of values in a map");
        DataDef values;
        values.kind = Kind::kSequence;
        RETURN_IF_ERROR(data_elements(m.get_message(), values, depth));
        out.elements = std::move(values.elements);
        break;
      }
      default:
        m.skip();
    }
  }
  RETURN_IF_ERROR(check_keys(out, numbers.size()));
  out.tensor.dims = {static_cast<int64_t>(out.elements.size())};
  const size_t width = static_cast<size_t>(dtype_bits(out.tensor.dtype)) / 8;
  if (!charge(numbers.size() * width)) return out_of_memory();
  ASSIGN_OR_RETURN(const std::span<std::byte> bytes, arena_.take(numbers.size() * width));
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::memcpy(bytes.data() + i * width, &numbers[i], width);  // little-endian: the low bytes
  }
  out.tensor.bytes = bytes;
  return Status();
}

Status Parser::data(Reader m, Kind kind, DataDef& out, int depth) {
  if (depth >= kMaxTypeDepth) {
    return invalid_argument("expected values at most {} deep in one another, found more",
                            kMaxTypeDepth);
  }
  out.kind = kind;
  switch (kind) {
    case Kind::kTensor:
      RETURN_IF_ERROR(tensor(m, out.tensor));
      out.name = out.tensor.name;
      return Status();
    case Kind::kSequence:
    case Kind::kOptional:
      return data_elements(m, out, depth + 1);
    case Kind::kMap:
      return data_map(m, out, depth + 1);
    default:
      return unimplemented("expected a tensor, sequence, map or optional, found another kind");
  }
}

Status Parser::parse_data(Kind kind, DataFile& out) {
  Status status = data(Reader(start(), file_.size()), kind, out.value, 0);
  if (memory_exceeded_) return out_of_memory();
  RETURN_IF_ERROR(std::move(status));
  out.keep_alive = arena_.release();
  return Status();
}

Result<DataFile> parse_data(std::span<const std::byte> bytes, Kind kind,
                            std::shared_ptr<const void> owner) {
  Parser parser(bytes, ExternalFiles({}), {});
  DataFile file;
  // The wall for what protozero and the standard library throw.
  try {
    RETURN_IF_ERROR(parser.parse_data(kind, file));
  } catch (const protozero::exception&) {
    return invalid_argument("damaged at byte {} of {}: expected protobuf's form", parser.position(),
                            bytes.size());
  } catch (const std::bad_alloc&) {
    return resource_exhausted("no memory for a value of {} bytes", bytes.size());
  } catch (const std::length_error&) {
    return resource_exhausted("no memory for a value of {} bytes", bytes.size());
  }
  if (owner != nullptr) file.keep_alive.push_back(std::move(owner));
  return file;
}

Result<DataFile> read_data(const std::filesystem::path& path, Kind kind) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  auto value = parse_data(file->bytes(), kind, file);
  if (!value.ok()) return value.status().with_context(path.string());
  return value;
}

Result<Datum> to_datum(const DataDef& value) {
  switch (value.kind) {
    case Kind::kTensor:
      return tensor_datum(value.tensor);
    case Kind::kSequence:
      return sequence_datum(value);
    case Kind::kMap:
      return map_datum(value);
    case Kind::kOptional:
      return value.elements.empty() ? Datum() : to_datum(value.elements.front());
    default:
      return unimplemented("expected a tensor, sequence, map or optional, found another kind");
  }
}

}  // namespace escuta::onnx
