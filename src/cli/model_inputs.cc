#include "cli/model_inputs.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

#include "tensor/float16.h"
#include "tensor/npy.h"

namespace escuta::cli {
namespace {

std::optional<int64_t> parse_size(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
      value < 0) {
    return std::nullopt;
  }
  return value;
}

// "2x80x3000"
std::optional<std::vector<int64_t>> parse_shape(std::string_view text) {
  std::vector<int64_t> shape;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('x', start), text.size());
    const auto size = parse_size(text.substr(start, end - start));
    if (!size) return std::nullopt;
    shape.push_back(*size);
    start = end + 1;
  }
  return shape;
}

std::string list_inputs(std::span<const engine::IoInfo> inputs) {
  std::string text;
  for (const engine::IoInfo& io : inputs) {
    text += fmt::format("{}`{}` {}{}", text.empty() ? "" : ", ", io.name, engine::describe(io),
                        io.optional ? " (optional)" : "");
  }
  return text.empty() ? "none" : text;
}

Result<Shape> shape_of(const engine::IoInfo& io, const InputSpec& spec, const DimSizes& dims) {
  if (spec.shape) return Shape::create(*spec.shape);
  std::vector<int64_t> shape = io.dims;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] >= 0) continue;
    const auto known = dims.find(io.symbols[axis]);
    if (known == dims.end()) {
      return invalid_argument(
          "input `{}`: expected a size for dimension {} of {}; give --dim {}=N or --input "
          "{}=random:AxBxC",
          io.name, axis, engine::describe(io), io.symbols[axis].empty() ? "NAME" : io.symbols[axis],
          io.name);
    }
    shape[axis] = known->second;
  }
  return Shape::create(shape);
}

// `count` values from next(), as elements of type T.
template <typename T, typename Next>
void fill(std::span<std::byte> out, Next&& next) {
  for (size_t at = 0; at + sizeof(T) <= out.size(); at += sizeof(T)) {
    const T value = static_cast<T>(next());
    std::memcpy(out.data() + at, &value, sizeof(T));
  }
}

Status fill_by_type(const engine::IoInfo& io, Tensor& tensor, auto&& real, auto&& integer) {
  const auto out = tensor.bytes();
  const auto half = [&] { return float_to_half(static_cast<float>(real())); };
  const auto bfloat = [&] {  // the upper half of a float
    const float value = static_cast<float>(real());
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return static_cast<uint16_t>(bits >> 16);
  };
  switch (io.dtype) {
    case DType::kFloat:
      return fill<float>(out, real), Status();
    case DType::kDouble:
      return fill<double>(out, real), Status();
    case DType::kFloat16:
      return fill<uint16_t>(out, half), Status();
    case DType::kBfloat16:
      return fill<uint16_t>(out, bfloat), Status();
    case DType::kBool:
      return fill<uint8_t>(out, [&] { return integer() % 2; }), Status();
    case DType::kInt8:
    case DType::kUint8:
      return fill<uint8_t>(out, integer), Status();
    case DType::kInt16:
    case DType::kUint16:
      return fill<uint16_t>(out, integer), Status();
    case DType::kInt32:
    case DType::kUint32:
      return fill<uint32_t>(out, integer), Status();
    case DType::kInt64:
    case DType::kUint64:
      return fill<uint64_t>(out, integer), Status();
    default:
      return unimplemented("input `{}`: expected a type that values can be made up for, found {}",
                           io.name, dtype_name(io.dtype));
  }
}

Result<engine::Value> make_up(const engine::IoInfo& io, const InputSpec& spec, const DimSizes& dims,
                              uint64_t seed) {
  ASSIGN_OR_RETURN(const Shape shape, shape_of(io, spec, dims));
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::create(io.dtype, shape));
  if (spec.kind == InputSpec::Kind::kOnes) {
    const auto one = [] { return 1; };
    RETURN_IF_ERROR(fill_by_type(io, tensor, one, one));
  } else if (spec.kind == InputSpec::Kind::kRandom) {
    std::mt19937_64 random(seed);
    const auto real = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; };
    const auto integer = [&] { return random() % 10; };
    RETURN_IF_ERROR(fill_by_type(io, tensor, real, integer));
  }
  return engine::Value::of(std::move(tensor));
}

}  // namespace

Result<InputSpec> parse_input(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return invalid_argument("--input: expected NAME=FILE.npy or NAME=random, found `{}`", text);
  }
  InputSpec spec;
  spec.name = std::string(text.substr(0, equals));
  const std::string_view value = text.substr(equals + 1);
  const std::string_view kind = value.substr(0, value.find(':'));
  if (kind == "random") {
    spec.kind = InputSpec::Kind::kRandom;
  } else if (kind == "zeros") {
    spec.kind = InputSpec::Kind::kZeros;
  } else if (kind == "ones") {
    spec.kind = InputSpec::Kind::kOnes;
  } else {
    spec.file = value;
    return spec;
  }
  if (kind.size() < value.size()) {
    spec.shape = parse_shape(value.substr(kind.size() + 1));
    if (!spec.shape) {
      return invalid_argument("--input: expected a shape such as 2x80x3000, found `{}`",
                              value.substr(kind.size() + 1));
    }
  }
  return spec;
}

Result<DimSizes> parse_dims(std::span<const std::string> texts) {
  DimSizes sizes;
  for (const std::string& text : texts) {
    const size_t equals = text.rfind('=');
    const auto size = equals == std::string::npos
                          ? std::nullopt
                          : parse_size(std::string_view(text).substr(equals + 1));
    if (!size || equals == 0) {
      return invalid_argument("--dim: expected NAME=SIZE, found `{}`", text);
    }
    sizes[text.substr(0, equals)] = *size;
  }
  return sizes;
}

Result<std::vector<engine::Value>> make_inputs(std::span<const engine::IoInfo> inputs,
                                               std::span<const InputSpec> specs,
                                               const DimSizes& dims, uint64_t seed) {
  std::vector<engine::Value> values(inputs.size());
  for (const InputSpec& spec : specs) {
    const auto io = std::find_if(inputs.begin(), inputs.end(), [&](const engine::IoInfo& info) {
      return info.name == spec.name;
    });
    if (io == inputs.end()) {
      return invalid_argument("--input: the model has no input `{}`; its inputs are {}", spec.name,
                              list_inputs(inputs));
    }
    const auto index = static_cast<size_t>(io - inputs.begin());
    if (spec.kind == InputSpec::Kind::kFile) {
      ASSIGN_OR_RETURN(Tensor tensor, read_npy(spec.file));
      values[index] = engine::Value::of(std::move(tensor));
    } else {
      // Each input has its own stream, whichever others are given.
      ASSIGN_OR_RETURN(values[index], make_up(*io, spec, dims, seed * 0x9E3779B97F4A7C15 + index));
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (values[i] || inputs[i].optional) continue;
    return invalid_argument("expected --input {}=FILE.npy or {}=random; the model's inputs are {}",
                            inputs[i].name, inputs[i].name, list_inputs(inputs));
  }
  return values;
}

}  // namespace escuta::cli
