// Bytes that the reader makes itself: typed tensor fields brought to raw form,
// misaligned tensors moved. Many small ones share a block; all are 64-byte
// aligned. One thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/status.h"

namespace escuta::onnx {

class Arena {
 public:
  // Zero-filled, valid while the blocks are kept. ResourceExhausted without
  // memory.
  Result<std::span<std::byte>> take(size_t size);

  // Ownership of everything handed out; the arena is empty afterwards.
  std::vector<std::shared_ptr<const void>> release();

  static constexpr size_t kAlignment = 64;

 private:
  std::vector<std::shared_ptr<const void>> blocks_;
  std::span<std::byte> free_;  // what is left of the last block
};

}  // namespace escuta::onnx
