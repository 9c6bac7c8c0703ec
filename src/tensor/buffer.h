// Reference-counted memory, and pools that hand the same blocks out again.
//
// A Buffer is a handle to a block; the block goes back to its pool, or is freed, with its last
// handle. Counting is atomic: handles may be copied and dropped on any thread. A pool lives as long
// as blocks of it are in use.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace escuta {

class BufferPool;

class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer& other) : block_(other.block_) { retain(); }
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer() { release(); }

  // `bytes` uninitialised bytes, 64-byte aligned, not from a pool. ResourceExhausted.
  static Result<Buffer> allocate(size_t bytes);
  // The same for memory that is all used for long, as weights are: in large pages, where the system
  // has them, so that reading it through costs no look-up every 4 KiB.
  static Result<Buffer> allocate_for_long(size_t bytes);
  // `count` empty strings.
  static Result<Buffer> strings(size_t count);
  // Memory that somebody else owns; `owner` lives as long as the handles.
  static Buffer foreign(const void* data, size_t bytes, std::shared_ptr<const void> owner);

  explicit operator bool() const { return block_ != nullptr; }
  std::byte* data() const { return block_ == nullptr ? nullptr : block_->data; }
  size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  // For blocks that grow at their end, as a cache of keys does: whoever claims the rows from `from`
  // up to `to` may write them, while handles to the rows before stay as they are. False when
  // somebody else has them, or the rows before `from` are not all claimed.
  bool claim(int64_t from, int64_t to) const {
    return block_ != nullptr &&
           block_->claimed.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
  // Whether this is the only handle, so that nobody else can see a change.
  bool unique() const {
    return block_ != nullptr && block_->handles.load(std::memory_order_acquire) == 1;
  }

 private:
  friend class BufferPool;
  struct Block {
    std::atomic<int> handles{1};
    std::atomic<int64_t> claimed{0};
    size_t size = 0;      // what was asked for
    size_t capacity = 0;  // what there is
    std::byte* data = nullptr;
    std::shared_ptr<BufferPool> pool;         // where it returns to
    std::shared_ptr<const void> owner;        // foreign memory
    std::unique_ptr<std::string[]> elements;  // strings
    void (*free_data)(std::byte*) = nullptr;  // memory of this block
    Block* next = nullptr;                    // in the pool's list
    ~Block() {
      if (free_data != nullptr) free_data(data);
    }
  };
  explicit Buffer(Block* block) : block_(block) {}
  static Result<Block*> make_block(size_t capacity);
  void retain() {
    if (block_ != nullptr) block_->handles.fetch_add(1, std::memory_order_relaxed);
  }
  void release();
  Block* block_ = nullptr;
};

// Keeps blocks that are free and hands out the smallest that fits without wasting half of it. Where
// none does, blocks that are up to half too small are freed: sizes have grown past them.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  static std::shared_ptr<BufferPool> create() {
    return std::shared_ptr<BufferPool>(new BufferPool);
  }
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // Uninitialised, 64-byte aligned. ResourceExhausted without memory.
  Result<Buffer> take(size_t bytes);
  // Frees the blocks that nobody uses.
  void trim();
  // Bytes of the blocks that nobody uses.
  size_t idle_bytes();

 private:
  friend class Buffer;
  BufferPool() = default;
  void give_back(Buffer::Block* block);

  std::mutex mutex_;
  Buffer::Block* free_ = nullptr;  // by capacity, smallest first
};

}  // namespace escuta
