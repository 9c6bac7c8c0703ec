#include "tensor/npy.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "base/files.h"

namespace escuta {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeader = size_t{1} << 20;  // NumPy itself writes a few hundred bytes
constexpr size_t kAlignment = 64;               // of the first element, as NumPy writes it

struct TypeName {
  std::string_view numpy;
  DType dtype;
};
constexpr std::array kTypes = {
    TypeName{"f4", DType::kFloat},     TypeName{"f8", DType::kDouble},
    TypeName{"f2", DType::kFloat16},   TypeName{"i1", DType::kInt8},
    TypeName{"i2", DType::kInt16},     TypeName{"i4", DType::kInt32},
    TypeName{"i8", DType::kInt64},     TypeName{"u1", DType::kUint8},
    TypeName{"u2", DType::kUint16},    TypeName{"u4", DType::kUint32},
    TypeName{"u8", DType::kUint64},    TypeName{"b1", DType::kBool},
    TypeName{"c8", DType::kComplex64}, TypeName{"c16", DType::kComplex128},
};

Status malformed(std::string_view what) {
  return invalid_argument("expected a .npy header with descr, fortran_order and shape, found {}",
                          what);
}

// The header is a Python dict of a string, a boolean and a tuple; this reads just that.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  Status read() {
    if (!take('{')) return malformed("no dictionary");
    while (!take('}')) {
      std::string_view key;
      if (!string(key) || !take(':')) return malformed("a bad key");
      bool good = false;
      if (key == "descr") {
        good = string(descr);
      } else if (key == "fortran_order") {
        good = boolean();
      } else if (key == "shape") {
        good = tuple();
      } else {
        return malformed("another key");
      }
      if (!good) return malformed("a bad value");
      ++keys_;
      if (!take(',') && peek() != '}') return malformed("no comma");
    }
    return keys_ == 3 && !descr.empty() ? Status() : malformed("other keys");
  }

  std::string_view descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;

 private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool string(std::string_view& out) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return false;
    out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return true;
  }
  bool boolean() {
    peek();
    fortran_order = text_.substr(at_).starts_with("True");
    if (!fortran_order && !text_.substr(at_).starts_with("False")) return false;
    at_ += fortran_order ? 4 : 5;
    return true;
  }
  bool tuple() {
    if (!take('(')) return false;
    while (!take(')')) {
      peek();
      int64_t dim = 0;
      const char* const end = text_.data() + text_.size();
      const auto parsed = std::from_chars(text_.data() + at_, end, dim);
      if (parsed.ec != std::errc() || dim < 0 || shape.size() == kMaxRank) return false;
      shape.push_back(dim);
      at_ = static_cast<size_t>(parsed.ptr - text_.data());
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  int keys_ = 0;
};

Result<DType> dtype_of_descr(std::string_view descr) {
  const std::string_view type = descr.substr(descr.empty() ? 0 : 1);
  const bool one_byte = type == "i1" || type == "u1" || type == "b1";
  for (const TypeName& known : kTypes) {
    if (known.numpy != type) continue;
    if (descr[0] == '<' || descr[0] == '=' || one_byte) return known.dtype;
    return invalid_argument("expected little-endian elements, found `{}`", descr);
  }
  return invalid_argument("expected numbers or booleans, found elements of type `{}`", descr);
}

uint32_t little_endian(std::span<const std::byte> bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<uint32_t>(bytes[i]);
  return value;
}

}  // namespace

Result<Tensor> parse_npy(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || bytes.size() < 12) {
    return invalid_argument("expected a .npy file, found other content");
  }
  const unsigned version = std::to_integer<unsigned>(bytes[6]);
  if (version < 1 || version > 3) {
    return invalid_argument("expected .npy version 1 to 3, found {}", version);
  }
  const size_t length_size = version == 1 ? 2 : 4;
  const size_t length = little_endian(bytes.subspan(8, length_size));
  const size_t start = 8 + length_size;
  if (length > kMaxHeader || length > bytes.size() - start) {
    return data_loss("expected a header of {} bytes, found {} in the file", length,
                     bytes.size() - start);
  }
  HeaderReader header(text.substr(start, length));
  RETURN_IF_ERROR(header.read());
  ASSIGN_OR_RETURN(const DType dtype, dtype_of_descr(header.descr));
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(header.shape));
  if (header.fortran_order && shape.rank() > 1) {
    return invalid_argument(
        "expected C order, found Fortran order; save numpy.ascontiguousarray()");
  }
  ASSIGN_OR_RETURN(const size_t size, dtype_bytes(dtype, shape.count()));
  const std::span<const std::byte> elements = bytes.subspan(start + length);
  if (elements.size() != size) {
    return data_loss("expected {} bytes of elements for {} {}, found {}", size, dtype_name(dtype),
                     shape.to_string(), elements.size());
  }
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::create(dtype, shape));
  std::copy(elements.begin(), elements.end(), tensor.bytes().begin());
  return tensor;
}

Result<Tensor> read_npy(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  auto tensor = parse_npy(file->bytes());
  if (!tensor.ok()) return tensor.status().with_context(path.string());
  return tensor;
}

Status write_npy(const std::filesystem::path& path, const TensorView& tensor) {
  std::string descr;
  for (const TypeName& known : kTypes) {
    if (known.dtype == tensor.dtype) descr = std::string(known.numpy);
  }
  if (descr.empty()) {
    return unimplemented("{}: NumPy has no element type for {}", path.string(),
                         dtype_name(tensor.dtype));
  }
  descr.insert(0, dtype_bits(tensor.dtype) == 8 ? "|" : "<");
  std::string shape;
  for (const int64_t dim : tensor.shape.dims()) shape += std::to_string(dim) + ", ";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  const size_t prefix = kMagic.size() + 4;
  while ((prefix + header.size() + 1) % kAlignment != 0) header += ' ';
  header += '\n';
  const char version_and_length[] = {1, 0, static_cast<char>(header.size() & 0xff),
                                     static_cast<char>(header.size() >> 8)};
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  RETURN_IF_ERROR(file.append(kMagic));
  RETURN_IF_ERROR(file.append(std::string_view(version_and_length, 4)));
  RETURN_IF_ERROR(file.append(header));
  RETURN_IF_ERROR(file.append(tensor.bytes));
  return file.commit();
}

}  // namespace escuta
