#include "onnx/arena.h"

#include <utility>

#include "tensor/tensor.h"

namespace escuta::onnx {

Result<std::span<std::byte>> Arena::take(size_t size) {
  constexpr size_t kBlock = size_t{64} << 10;
  if (size > SIZE_MAX - kAlignment) return resource_exhausted("no memory for {} bytes", size);
  const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  if (rounded > free_.size()) {
    const size_t wanted = std::max(rounded, kBlock);
    ASSIGN_OR_RETURN(Tensor made,
                     Tensor::create(DType::kUint8, Shape{static_cast<int64_t>(wanted)}));
    auto block = std::make_shared<Tensor>(std::move(made));
    const std::span<std::byte> bytes = block->bytes();
    blocks_.push_back(std::move(block));
    // A large tensor gets a block of its own; what is left of the shared one
    // stays in use.
    if (rounded >= kBlock) return bytes.first(size);
    free_ = bytes;
  }
  const std::span<std::byte> taken = free_.first(size);
  free_ = free_.subspan(rounded);
  return taken;
}

std::vector<std::shared_ptr<const void>> Arena::release() {
  free_ = {};
  return std::exchange(blocks_, {});
}

}  // namespace escuta::onnx
