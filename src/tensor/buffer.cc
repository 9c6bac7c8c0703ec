#include "tensor/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>

#include "base/cpu.h"

namespace escuta {
namespace {

constexpr size_t kAlignment = 64;  // a cache line, an AVX-512 register
constexpr size_t kSmall = 4096;    // blocks up to this size serve any smaller request
constexpr size_t kPage = 4096;     // at least; the system rounds up
constexpr size_t kLargePage = size_t{2} << 20;
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kMapped = SIZE_MAX;  // AddressSanitizer watches what malloc gives
constexpr size_t kShared = 0;
#else
// From this size on a block is a mapping of its own: freed, it goes back to the system at once,
// wherever it lies, and what nobody has written takes no memory.
constexpr size_t kMapped = size_t{128} << 10;
// Smaller ones of those that stay for long lie side by side, so that large pages hold them too.
constexpr size_t kShared = size_t{16} << 20;
#endif

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

void free_bytes(std::byte* data) { std::free(data); }

// Null without memory.
std::shared_ptr<std::byte> map_bytes(size_t bytes) {
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  return {static_cast<std::byte*>(data), [bytes](std::byte* mapped) { ::munmap(mapped, bytes); }};
}

// Only advice: whether the system takes it changes nothing that can be seen.
void advise(std::byte* data, size_t bytes, size_t page, int advice) {
  const size_t begin = rounded(reinterpret_cast<uintptr_t>(data), page);
  const size_t end = reinterpret_cast<uintptr_t>(data + bytes) / page * page;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

Status no_memory(size_t bytes) {
  return resource_exhausted("no memory for a tensor of {} bytes", bytes);
}

// Memory that is only promised kills the process when it is touched: ask for what there can be.
Status check_limit(size_t bytes) {
  static const size_t limit = cpu_info().memory_total;
  if (limit == 0 || bytes <= limit) return Status();
  return resource_exhausted("a tensor of {} bytes is larger than this machine's memory ({} bytes)",
                            bytes, limit);
}

// Where blocks lie side by side: a mapping that is filled from its beginning.
struct SharedMapping {
  std::shared_ptr<std::byte> memory;
  size_t used = 0;
};

// Null without memory. What is given back leaves its place empty until all of the mapping is.
std::shared_ptr<std::byte> take_shared(size_t bytes) {
  constexpr size_t kBytes = 2 * kShared;
  static std::mutex mutex;
  static std::weak_ptr<SharedMapping> newest;
  const std::lock_guard lock(mutex);
  std::shared_ptr<SharedMapping> mapping = newest.lock();
  if (mapping == nullptr || kBytes - mapping->used < bytes) {
    mapping = std::make_shared<SharedMapping>();
    mapping->memory = map_bytes(kBytes);
    if (mapping->memory == nullptr) return nullptr;
    advise(mapping->memory.get(), kBytes, kLargePage, MADV_HUGEPAGE);
    newest = mapping;
  }
  std::byte* data = mapping->memory.get() + mapping->used;
  mapping->used += rounded(bytes, kAlignment);
  return {data, [mapping, bytes](std::byte* part) { advise(part, bytes, kPage, MADV_DONTNEED); }};
}

}  // namespace

Result<Buffer::Block*> Buffer::make_block(size_t capacity) {
  RETURN_IF_ERROR(check_limit(capacity));
  auto* block = new (std::nothrow) Block;
  if (block == nullptr) return no_memory(capacity);
  block->size = capacity;
  if (capacity >= kMapped) {
    block->capacity = rounded(capacity, kPage);
    std::shared_ptr<std::byte> memory = map_bytes(block->capacity);
    block->data = memory.get();
    block->owner = std::move(memory);
  } else {
    block->capacity = rounded(capacity == 0 ? 1 : capacity, kAlignment);
    block->data = static_cast<std::byte*>(std::aligned_alloc(kAlignment, block->capacity));
    block->free_data = free_bytes;
  }
  if (block->data != nullptr) return block;
  delete block;
  return no_memory(capacity);
}

Result<Buffer> Buffer::allocate(size_t bytes) {
  ASSIGN_OR_RETURN(Block * block, make_block(bytes));
  return Buffer(block);
}

Result<Buffer> Buffer::allocate_for_long(size_t bytes) {
  if (bytes > 0 && bytes < kShared) {
    std::shared_ptr<std::byte> memory = take_shared(bytes);
    if (memory == nullptr) return no_memory(bytes);
    const std::byte* data = memory.get();
    return foreign(data, bytes, std::move(memory));
  }
  ASSIGN_OR_RETURN(Buffer buffer, allocate(bytes));
  advise(buffer.data(), bytes, kLargePage, MADV_HUGEPAGE);
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
