// CTranslate2's model.bin: named tensors in one flat file.
//
// The layout is that of python/ctranslate2/specs/model_spec.py, ModelSpec._serialize, and of the
// loader in src/models/model.cc, which also reads the older versions: 1 has no spec name, 2 no
// aliases, and both 2 and 3 store an element's size where 4 and later store its type.
//
// The file is hostile input: nothing is read past its end, and nothing is allocated for what it
// merely claims to hold. Immutable after open(); any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace escuta::convert {

// Row-major and little-endian; `bytes` holds just what dtype and shape ask for, unaligned.
struct Ct2Variable {
  std::string name;
  DType dtype = DType::kUndefined;
  Shape shape;
  std::span<const std::byte> bytes;
};

class Ct2File {
 public:
  // Maps and indexes the file. InvalidArgument: not this format; DataLoss: cut off. The message
  // starts with the path and gives the byte where what was expected was not found.
  static Result<Ct2File> open(const std::filesystem::path& path);

  // The same from memory that `owner` keeps alive; `name` stands for the path in messages.
  static Result<Ct2File> parse(std::span<const std::byte> bytes, std::string name,
                               std::shared_ptr<const void> owner);

  const std::string& name() const { return name_; }
  uint32_t version() const { return version_; }
  const std::string& spec() const { return spec_; }  // "WhisperSpec"; "" in version 1
  uint32_t revision() const { return revision_; }
  std::span<const Ct2Variable> variables() const { return variables_; }

  // The variable of this name or alias, or null. It lives as long as this object.
  const Ct2Variable* find(std::string_view name) const;

  // Lets the system take back the memory that reading the variable took; reading it again is only
  // slower. For a file that was opened; memory that was given to parse() is not touched.
  void release(const Ct2Variable& variable) const;

 private:
  class Parser;
  Ct2File() = default;

  std::string name_, spec_;
  uint32_t version_ = 0, revision_ = 0;
  std::vector<Ct2Variable> variables_;
  std::unordered_map<std::string, size_t> index_;  // names and aliases
  std::shared_ptr<const void> owner_;
  bool mapped_ = false;
};

}  // namespace escuta::convert
