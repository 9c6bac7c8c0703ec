#include "audio/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace escuta::audio {
namespace {

class FileSource : public ByteSource {
 public:
  FileSource(int fd, std::optional<int64_t> size) : fd_(fd), size_(size) {}
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<size_t> read(std::span<std::byte> dst) override {
    for (;;) {
      const ssize_t count = ::read(fd_, dst.data(), dst.size());
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return errno_status(errno, "cannot read on");
    }
  }

  Status seek(int64_t position) override {
    if (::lseek(fd_, position, SEEK_SET) < 0) return errno_status(errno, "cannot seek");
    return Status();
  }

  std::optional<int64_t> size() const override { return size_; }

 private:
  int fd_;
  std::optional<int64_t> size_;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Result<size_t> read(std::span<std::byte> dst) override {
    const size_t count = std::min(dst.size(), bytes_.size() - position_);
    if (count > 0) std::memcpy(dst.data(), bytes_.data() + position_, count);
    position_ += count;
    return count;
  }

  Status seek(int64_t position) override {
    if (position < 0) return out_of_range("cannot seek to {}", position);
    position_ = std::min(static_cast<size_t>(position), bytes_.size());
    return Status();
  }

  std::optional<int64_t> size() const override { return static_cast<int64_t>(bytes_.size()); }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_status(errno, "cannot open");
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return invalid_argument("expected an audio or video file, found a {}",
                            S_ISDIR(info.st_mode) ? "directory" : "device or socket");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_status(errno, "cannot open");
  std::optional<int64_t> size;
  if (S_ISREG(info.st_mode)) size = info.st_size;
  return std::unique_ptr<ByteSource>(new FileSource(fd, size));
}

std::unique_ptr<ByteSource> open_memory(std::span<const std::byte> bytes) {
  return std::make_unique<MemorySource>(bytes);
}

}  // namespace escuta::audio
