// BitCast (ai.onnx 26): the same bits, read as elements of another type of the same width.
#include <cstring>

#include "ops/operator.h"

namespace escuta::ops {
namespace {

class BitCast final : public Kernel {
 public:
  explicit BitCast(const NodeInfo& node) : to_(node.dtype_attribute("to", DType::kUndefined)) {}

  Status run(Call& call) const override {
    const Datum& src = call.input(0);
    const int bits = dtype_bits(src.dtype());
    if (bits == 0 || bits != dtype_bits(to_)) {
      return invalid_argument("expected element types of the same width, found {} and {}",
                              dtype_name(src.dtype()), dtype_name(to_));
    }
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, to_, src.shape()));
    if (src.count() == 0) return {};
    std::memmove(dst, src.bytes(), src.byte_size());
    if (to_ == DType::kBool) {  // whose bytes are 0 or 1
      for (size_t i = 0; i < src.byte_size(); ++i) dst[i] = std::byte{dst[i] != std::byte{0}};
    }
    return {};
  }

 private:
  DType to_;
};

void infer(Inference& node) {
  node.set(0, node.dtype_attribute("to", DType::kUndefined), node.shape(0));
}

}  // namespace

extern const Operator kBitCast = {.domain = "",
                                  .name = "BitCast",
                                  .versions = {26},
                                  .inputs = {1, 1},
                                  .infer = infer,
                                  .create = make<BitCast>,
                                  .memory = Memory::kInPlace};

}  // namespace escuta::ops
