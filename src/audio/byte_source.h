// Where encoded bytes come from: a file, a pipe, or memory. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "base/status.h"

namespace escuta::audio {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to dst.size() bytes from the position on; 0 at the end.
  virtual Result<size_t> read(std::span<std::byte> dst) = 0;
  // Moves to `position` from the start. Only where size() is known.
  virtual Status seek(int64_t position) = 0;
  // Absent for a pipe, which cannot seek.
  virtual std::optional<int64_t> size() const = 0;
};

// A regular file, or a pipe (opening one waits for its writer). Directories, devices and sockets
// are InvalidArgument. Messages do not name the path.
Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path);

// `bytes` must outlive the source.
std::unique_ptr<ByteSource> open_memory(std::span<const std::byte> bytes);

}  // namespace escuta::audio
