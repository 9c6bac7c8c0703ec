#include "tensor/memory_range.h"

#include <algorithm>

namespace escuta {
namespace {

constexpr size_t kAlignment = 64;
// Smaller ones cost less memory than the order that they would bring about costs time.
constexpr size_t kSmall = size_t{64} << 10;
constexpr size_t kMapping = size_t{64} << 20;  // of addresses; only pages that are touched count

}  // namespace

Status MemoryRange::add_mapping(size_t bytes) {
  Mapping mapping;
  ASSIGN_OR_RETURN(mapping.memory, Buffer::allocate_for_long(std::max(bytes, kMapping)));
  free_[mapping.memory.data()] = mapping.memory.size();
  mappings_.push_back(std::move(mapping));
  return Status();
}

Result<Buffer> MemoryRange::take(size_t bytes) {
  if (bytes < kSmall) return Buffer::allocate(bytes);
  const size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const std::lock_guard lock(mutex_);
  const auto fits = [&](const auto& place) { return place.second >= size; };
  auto at = std::find_if(free_.begin(), free_.end(), fits);
  if (at == free_.end()) {
    // Without room for a mapping of the usual size there may be room for this value.
    if (!add_mapping(size).ok()) return Buffer::allocate(bytes);
    at = std::find_if(free_.begin(), free_.end(), fits);
  }
  const auto [data, place] = *at;
  free_.erase(at);
  if (place > size) free_[data + size] = place - size;
  for (Mapping& mapping : mappings_) {
    const std::byte* begin = mapping.memory.data();
    if (data < begin || data >= begin + mapping.memory.size()) continue;
    mapping.extent = std::max(mapping.extent, static_cast<size_t>(data - begin) + size);
  }
  std::shared_ptr<const void> owner(data, [range = shared_from_this(), data = data,
                                           size](const void*) { range->give_back(data, size); });
  return Buffer::foreign(data, bytes, std::move(owner));
}

void MemoryRange::give_back(std::byte* data, size_t bytes) {
  const std::lock_guard lock(mutex_);
  auto after = free_.upper_bound(data);
  const auto adjacent = [&](const std::byte* end, const std::byte* begin) {
    // Mappings that happen to touch stay apart: each must be free as a whole.
    return end == begin && std::ranges::none_of(mappings_, [&](const Mapping& mapping) {
             return mapping.memory.data() == begin;
           });
  };
  if (after != free_.end() && adjacent(data + bytes, after->first)) {
    bytes += after->second;
    after = free_.erase(after);
  }
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (adjacent(before->first + before->second, data)) {
      before->second += bytes;
      return;
    }
  }
  free_[data] = bytes;
}

size_t MemoryRange::extent_bytes() {
  const std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const Mapping& mapping : mappings_) bytes += mapping.extent;
  return bytes;
}

}  // namespace escuta
