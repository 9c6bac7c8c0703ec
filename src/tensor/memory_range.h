// Buffers side by side in large mappings, for values whose sizes show only as they are asked for:
// the place of one that was freed serves the next, free neighbours become one place, and the pages
// that were touched are about as many as lived at the same time.
//
// Any thread. The memory goes back to the system with the allocator and the last of its buffers.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "tensor/buffer.h"

namespace escuta {

class MemoryRange : public std::enable_shared_from_this<MemoryRange> {
 public:
  static std::shared_ptr<MemoryRange> create() {
    return std::shared_ptr<MemoryRange>(new MemoryRange);
  }
  MemoryRange(const MemoryRange&) = delete;
  MemoryRange& operator=(const MemoryRange&) = delete;

  // Uninitialised, 64-byte aligned, at the lowest place that fits. ResourceExhausted.
  Result<Buffer> take(size_t bytes);

  // From the first to the last byte that was ever handed out, over all mappings.
  size_t extent_bytes();

 private:
  struct Mapping {
    Buffer memory;
    size_t extent = 0;
  };
  MemoryRange() = default;
  Status add_mapping(size_t bytes);
  void give_back(std::byte* data, size_t bytes);

  std::mutex mutex_;
  std::vector<Mapping> mappings_;
  std::map<std::byte*, size_t> free_;  // bytes of each free place
};

}  // namespace escuta
