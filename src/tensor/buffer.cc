#include "tensor/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

#include "base/cpu.h"

namespace escuta {
namespace {

constexpr size_t kAlignment = 64;  // a cache line, an AVX-512 register
constexpr size_t kSmall = 4096;    // blocks up to this size serve any smaller request

size_t rounded(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

void free_bytes(std::byte* data) { std::free(data); }

}  // namespace

Result<Buffer::Block*> Buffer::make_block(size_t capacity) {
  // Memory that is only promised kills the process when it is touched: ask for what there can be.
  static const size_t limit = cpu_info().memory_total;
  if (limit != 0 && capacity > limit) {
    return resource_exhausted(
        "a tensor of {} bytes is larger than this machine's memory ({} bytes)", capacity, limit);
  }
  const size_t size = rounded(capacity == 0 ? 1 : capacity);
  auto* data = static_cast<std::byte*>(std::aligned_alloc(kAlignment, size));
  if (data == nullptr) return resource_exhausted("no memory for a tensor of {} bytes", capacity);
  auto* block = new (std::nothrow) Block;
  if (block == nullptr) {
    std::free(data);
    return resource_exhausted("no memory for a tensor of {} bytes", capacity);
  }
  block->data = data;
  block->size = capacity;
  block->capacity = size;
  block->free_data = free_bytes;
  return block;
}

Result<Buffer> Buffer::allocate(size_t bytes) {
  ASSIGN_OR_RETURN(Block * block, make_block(bytes));
  return Buffer(block);
}

Result<Buffer> Buffer::allocate_for_long(size_t bytes) {
  constexpr uintptr_t kLargePage = 2 << 20;
  ASSIGN_OR_RETURN(Buffer buffer, allocate(bytes));
  const auto begin =
      (reinterpret_cast<uintptr_t>(buffer.data()) + kLargePage - 1) / kLargePage * kLargePage;
  const auto end = reinterpret_cast<uintptr_t>(buffer.data() + bytes) / kLargePage * kLargePage;
  // Only advice: whether the system takes it changes nothing that can be seen.
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  return buffer;
}

Result<Buffer> Buffer::strings(size_t count) {
  static const size_t limit = cpu_info().memory_total / sizeof(std::string);
  if (limit != 0 && count > limit) {
    return resource_exhausted("{} strings do not fit into this machine's memory", count);
  }
  std::unique_ptr<std::string[]> elements(new (std::nothrow) std::string[count]);
  if (elements == nullptr) return resource_exhausted("no memory for {} strings", count);
  auto* block = new Block;
  block->size = block->capacity = count * sizeof(std::string);
  block->data = reinterpret_cast<std::byte*>(elements.get());
  block->elements = std::move(elements);
  return Buffer(block);
}

Buffer Buffer::foreign(const void* data, size_t bytes, std::shared_ptr<const void> owner) {
  auto* block = new Block;
  block->size = block->capacity = bytes;
  // Handles give out writable memory only to whoever asked for a new buffer; this one is read.
  block->data = const_cast<std::byte*>(static_cast<const std::byte*>(data));  // NOLINT
  block->owner = std::move(owner);
  return Buffer(block);
}

void Buffer::release() {
  if (block_ == nullptr) return;
  if (block_->handles.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (block_->pool == nullptr) {
    delete block_;
    return;
  }
  const std::shared_ptr<BufferPool> pool = std::move(block_->pool);
  pool->give_back(block_);
}

BufferPool::~BufferPool() { trim(); }

Result<Buffer> BufferPool::take(size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    for (Buffer::Block** at = &free_; *at != nullptr; at = &(*at)->next) {
      Buffer::Block* block = *at;
      if (block->capacity < bytes) continue;
      if (block->capacity > kSmall && block->capacity / 2 > bytes) break;
      *at = block->next;
      block->next = nullptr;
      block->size = bytes;
      block->handles.store(1, std::memory_order_relaxed);
      block->claimed.store(0, std::memory_order_relaxed);
      block->pool = shared_from_this();
      return Buffer(block);
    }
    // What is asked for has grown: blocks that are a little too small now would lie idle.
    for (Buffer::Block** at = &free_; *at != nullptr;) {
      Buffer::Block* block = *at;
      if (block->capacity <= kSmall || block->capacity >= bytes || block->capacity < bytes / 2) {
        at = &block->next;
        continue;
      }
      *at = block->next;
      delete block;
    }
  }
  // An eighth more than asked for: sequences that grow a little each step find their block again.
  ASSIGN_OR_RETURN(Buffer::Block * block, Buffer::make_block(bytes + bytes / 8));
  block->size = bytes;
  block->pool = shared_from_this();
  return Buffer(block);
}

void BufferPool::give_back(Buffer::Block* block) {
  const std::lock_guard lock(mutex_);
  Buffer::Block** at = &free_;
  while (*at != nullptr && (*at)->capacity < block->capacity) at = &(*at)->next;
  block->next = *at;
  *at = block;
}

size_t BufferPool::idle_bytes() {
  const std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const Buffer::Block* block = free_; block != nullptr; block = block->next) {
    bytes += block->capacity;
  }
  return bytes;
}

void BufferPool::trim() {
  const std::lock_guard lock(mutex_);
  while (free_ != nullptr) delete std::exchange(free_, free_->next);
}

}  // namespace escuta
