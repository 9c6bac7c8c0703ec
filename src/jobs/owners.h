// Which processes are alive, told by locks that the system drops when a process ends, however.
//
// Each owner has a number of the journal's, and holds a lock on the byte of that number in a file
// beside it. Numbers are never used again, so no other process can be taken for a dead one, as
// with process ids.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"

namespace escuta::jobs {

// One thread. The locks belong to the object: gone with it, or with the process.
class Owners {
 public:
  static Result<Owners> open(const std::filesystem::path& path);
  Owners(Owners&& other) noexcept;
  Owners& operator=(Owners&&) = delete;
  ~Owners();

  // AlreadyExists where a living owner has the number.
  Status claim(int64_t number);
  Result<bool> is_alive(int64_t number) const;  // of others

 private:
  Owners(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_;
};

}  // namespace escuta::jobs
