// Files: mapped for reading, read whole under a limit, written whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace escuta {

// A regular file, mapped read-only. Immutable; share it through shared_ptr<const MappedFile>.
// Spans into bytes() live as long as the object. An empty file maps to an empty span.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile(std::filesystem::path path, const std::byte* data, size_t size)
      : path_(std::move(path)), data_(data), size_(size) {}
  std::filesystem::path path_;
  const std::byte* data_;
  size_t size_;
};

// Gives the memory of mapped pages within `bytes` back to the system; reading them again reads the
// file again. Only for bytes of a MappedFile.
void release_pages(std::span<const std::byte> bytes);

// The whole file as text; OutOfRange if it is larger than max_bytes.
Result<std::string> read_file(const std::filesystem::path& path, size_t max_bytes);

// A file that appears under its name only when commit() succeeds: bytes go to a temporary
// neighbour, which is flushed to disk and renamed. Destroyed uncommitted, it leaves nothing.
// One thread.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Status append(std::span<const std::byte> bytes);
  Status append(std::string_view text) { return append(std::as_bytes(std::span(text))); }
  uint64_t size() const { return size_; }
  Status commit();

 private:
  AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
  std::filesystem::path path_, temporary_;
  int fd_;
  uint64_t size_ = 0;
};

Status write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace escuta
