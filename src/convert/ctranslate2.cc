#include "convert/ctranslate2.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstring>

namespace escuta::convert {

static_assert(std::endian::native == std::endian::little, "numbers are read as they are stored");

namespace {

constexpr uint32_t kNewestVersion = 6;
// large-v3 has 1,300: enough for any model, too few to make an index outgrow its file.
constexpr uint32_t kMaxNames = 1 << 16;
constexpr uint32_t kFirstWithSpec = 2, kFirstWithAliases = 3, kFirstWithTypes = 4;

// CTranslate2's DataType (include/ctranslate2/types.h), in its order.
constexpr DType kTypes[] = {DType::kFloat, DType::kInt8,    DType::kInt16,
                            DType::kInt32, DType::kFloat16, DType::kBfloat16};

// Before version 4 the element's size stands for its type (model.cc, get_dtype_from_item_size).
DType type_of_size(uint32_t size) {
  switch (size) {
    case 1:
      return DType::kInt8;
    case 2:
      return DType::kInt16;
    case 4:
      return DType::kFloat;
    default:
      return DType::kUndefined;
  }
}

std::string printable(std::string_view text) {
  constexpr size_t kShown = 60;
  std::string shown;
  for (const char c : text.substr(0, kShown)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (text.size() > kShown ? "..." : "");
}

}  // namespace

class Ct2File::Parser {
 public:
  Parser(std::span<const std::byte> bytes, Ct2File& file) : bytes_(bytes), file_(file) {}
  Status run();

 private:
  Status header();
  Status variable();
  Status type_and_size(Ct2Variable& variable);
  Status alias();
  Status end();

  // `what` names the field in messages.
  template <typename T>
  Result<T> number(std::string_view what);
  Result<uint32_t> count(std::string_view what);
  Result<std::string> text(std::string_view what);
  Result<std::span<const std::byte>> take(uint64_t size, std::string_view what);

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  Ct2File& file_;
};

Result<std::span<const std::byte>> Ct2File::Parser::take(uint64_t size, std::string_view what) {
  if (size > bytes_.size() - at_) {
    return data_loss("expected {} bytes of {} at byte {}, found the file's end after {}: cut off?",
                     size, what, at_, bytes_.size() - at_);
  }
  const auto taken = bytes_.subspan(at_, static_cast<size_t>(size));
  at_ += taken.size();
  return taken;
}

template <typename T>
Result<T> Ct2File::Parser::number(std::string_view what) {
  ASSIGN_OR_RETURN(const auto bytes, take(sizeof(T), what));
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

Result<uint32_t> Ct2File::Parser::count(std::string_view what) {
  const size_t start = at_;
  ASSIGN_OR_RETURN(const uint32_t value, number<uint32_t>(what));
  if (value > kMaxNames) {
    return invalid_argument("expected a {} up to {} at byte {}, found {}", what, kMaxNames, start,
                            value);
  }
  return value;
}

// u16 length, counting the zero that ends the text.
Result<std::string> Ct2File::Parser::text(std::string_view what) {
  const size_t start = at_;
  ASSIGN_OR_RETURN(const uint16_t length, number<uint16_t>(what));
  ASSIGN_OR_RETURN(const auto bytes, take(length, what));
  const std::string_view raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (raw.empty() || raw.find('\0') != raw.size() - 1) {
    return invalid_argument(
        "expected {} as text that ends in a zero at byte {}, found {} bytes \"{}\"", what, start,
        length, printable(raw));
  }
  return std::string(raw.substr(0, raw.size() - 1));
}

Status Ct2File::Parser::header() {
  ASSIGN_OR_RETURN(file_.version_, number<uint32_t>("format version"));
  if (file_.version_ < 1 || file_.version_ > kNewestVersion) {
    return invalid_argument(
        "expected a CTranslate2 model with format version 1 to {} at byte 0, found {}: not a "
        "model.bin, or from a newer CTranslate2",
        kNewestVersion, file_.version_);
  }
  file_.revision_ = 1;
  if (file_.version_ >= kFirstWithSpec) {
    ASSIGN_OR_RETURN(file_.spec_, text("specification name"));
    ASSIGN_OR_RETURN(file_.revision_, number<uint32_t>("specification revision"));
  }
  return Status();
}

Status Ct2File::Parser::type_and_size(Ct2Variable& variable) {
  const size_t start = at_;
  ASSIGN_OR_RETURN(const uint8_t type, number<uint8_t>("element type"));
  ASSIGN_OR_RETURN(uint64_t size, number<uint32_t>("byte count"));
  if (file_.version_ >= kFirstWithTypes) {
    if (type < std::size(kTypes)) variable.dtype = kTypes[type];
  } else {
    variable.dtype = type_of_size(type);
    size *= type;  // the file has the number of elements
  }
  if (variable.dtype == DType::kUndefined) {
    return invalid_argument("expected the element type of {} at byte {}, found number {}",
                            printable(variable.name), start, type);
  }
  ASSIGN_OR_RETURN(const size_t expected, dtype_bytes(variable.dtype, variable.shape.count()));
  if (size != expected) {
    return invalid_argument("expected {} bytes for {} of {} {} at byte {}, found {}", expected,
                            printable(variable.name), dtype_name(variable.dtype),
                            variable.shape.to_string(), start, size);
  }
  ASSIGN_OR_RETURN(variable.bytes, take(size, printable(variable.name)));
  return Status();
}

Status Ct2File::Parser::variable() {
  const size_t start = at_;
  Ct2Variable variable;
  ASSIGN_OR_RETURN(variable.name, text("variable name"));
  ASSIGN_OR_RETURN(const uint8_t rank, number<uint8_t>("rank"));
  if (rank > kMaxRank) {
    return invalid_argument("expected at most {} dimensions of {} at byte {}, found {}", kMaxRank,
                            printable(variable.name), start, rank);
  }
  std::vector<int64_t> dims;
  for (int axis = 0; axis < rank; ++axis) {
    ASSIGN_OR_RETURN(const uint32_t dim, number<uint32_t>("dimension"));
    dims.push_back(dim);
  }
  auto shape = Shape::create(dims);
  if (!shape.ok()) return shape.status().with_context(printable(variable.name));
  variable.shape = *shape;
  RETURN_IF_ERROR(type_and_size(variable));
  if (!file_.index_.emplace(variable.name, file_.variables_.size()).second) {
    return invalid_argument("expected variable names to differ, found {} again at byte {}",
                            printable(variable.name), start);
  }
  file_.variables_.push_back(std::move(variable));
  return Status();
}

// CTranslate2 lets an alias stand for the quantisation scale as well (model.cc, Model::load).
Status Ct2File::Parser::alias() {
  const size_t start = at_;
  ASSIGN_OR_RETURN(const std::string alias, text("alias"));
  ASSIGN_OR_RETURN(const std::string target, text("aliased name"));
  const auto found = file_.index_.find(target);
  if (found == file_.index_.end()) {
    return invalid_argument("expected alias {} at byte {} to name a variable, found {}",
                            printable(alias), start, printable(target));
  }
  file_.index_.emplace(alias, size_t{found->second});
  if (const auto scale = file_.index_.find(target + "_scale"); scale != file_.index_.end()) {
    file_.index_.emplace(alias + "_scale", size_t{scale->second});
  }
  return Status();
}

Status Ct2File::Parser::run() {
  RETURN_IF_ERROR(header());
  ASSIGN_OR_RETURN(const uint32_t variables, count("number of variables"));
  for (uint32_t i = 0; i < variables; ++i) RETURN_IF_ERROR(variable());
  if (file_.version_ >= kFirstWithAliases) {
    ASSIGN_OR_RETURN(const uint32_t aliases, count("number of aliases"));
    for (uint32_t i = 0; i < aliases; ++i) RETURN_IF_ERROR(alias());
  }
  if (at_ != bytes_.size()) {
    return invalid_argument("expected the file's end at byte {}, found {} more bytes", at_,
                            bytes_.size() - at_);
  }
  return Status();
}

Result<Ct2File> Ct2File::parse(std::span<const std::byte> bytes, std::string name,
                               std::shared_ptr<const void> owner) {
  Ct2File file;
  file.name_ = std::move(name);
  file.owner_ = std::move(owner);
  const Status status = Parser(bytes, file).run();
  if (!status.ok()) return status.with_context(file.name_);
  return file;
}

Result<Ct2File> Ct2File::open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> map, MappedFile::open(path));
  ASSIGN_OR_RETURN(Ct2File file, parse(map->bytes(), path.string(), map));
  file.mapped_ = true;
  return file;
}

const Ct2Variable* Ct2File::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? nullptr : &variables_[found->second];
}

void Ct2File::release(const Ct2Variable& variable) const {
  if (!mapped_ || variable.bytes.empty()) return;
  // Whole pages: neighbours that go with them come back from the file as well.
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(variable.bytes.data());
  const uintptr_t first = begin - begin % page;
  ::madvise(reinterpret_cast<void*>(first), begin + variable.bytes.size() - first, MADV_DONTNEED);
}

}  // namespace escuta::convert
