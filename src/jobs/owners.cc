#include "jobs/owners.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace escuta::jobs {
namespace {

struct flock byte_lock(int64_t number) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = number;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<Owners> Owners::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return errno_status(errno, path.string() + ": cannot write");
  return Owners(path, fd);
}

Owners::Owners(Owners&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

Owners::~Owners() {
  if (fd_ >= 0) ::close(fd_);
}

Status Owners::claim(int64_t number) {
  // A lock of the open file, not of the process: it holds between threads as well, and no other
  // descriptor of the file can drop it.
  struct flock lock = byte_lock(number);
  if (::fcntl(fd_, F_OFD_SETLK, &lock) == 0) return Status();
  if (errno == EAGAIN || errno == EACCES) {
    return already_exists("{}: expected number {} to be free, found it locked", path_.string(),
                          number);
  }
  return errno_status(errno, path_.string() + ": cannot lock");
}

Result<bool> Owners::is_alive(int64_t number) const {
  struct flock lock = byte_lock(number);
  if (::fcntl(fd_, F_OFD_GETLK, &lock) != 0) {
    return errno_status(errno, path_.string() + ": cannot look at locks");
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace escuta::jobs
