// BitShift (ai.onnx 11): shifts by the width or more give 0.
#include "ops/binary.h"

namespace escuta::ops {
namespace {

template <typename T>
T shift_left(T a, T b) {
  return b < sizeof(T) * 8 ? static_cast<T>(static_cast<uint64_t>(a) << b) : T{0};
}

template <typename T>
T shift_right(T a, T b) {
  return b < sizeof(T) * 8 ? static_cast<T>(a >> b) : T{0};
}

Result<KernelPtr> create(const NodeInfo& node) {
  const std::string direction = node.text("direction", "");
  if (direction == "LEFT") {
    return make<Binary<[](auto a, auto b) { return shift_left(a, b); }, UnsignedInts>>(node);
  }
  if (direction == "RIGHT") {
    return make<Binary<[](auto a, auto b) { return shift_right(a, b); }, UnsignedInts>>(node);
  }
  return invalid_argument("attribute `direction`: expected LEFT or RIGHT, found {}", direction);
}

}  // namespace

extern const Operator kBitShift = {.domain = "",
                                   .name = "BitShift",
                                   .versions = {11},
                                   .inputs = {2, 2},
                                   .infer = infer_binary,
                                   .create = create,
                                   .memory = Memory::kInPlace};

}  // namespace escuta::ops
