#include "ops/cast_elements.h"

namespace escuta::ops {
namespace {

class CastLike final : public Kernel {
 public:
  explicit CastLike(const NodeInfo& node) : narrowing_(read_narrowing(node)) {}
  Status run(Call& call) const override { return cast_elements(call, call.dtype(1), narrowing_); }

 private:
  Narrowing narrowing_;
};

}  // namespace

extern const Operator kCastLike = {
    .domain = "",
    .name = "CastLike",
    .versions = {15, 19, 21, 23, 24, 25},
    .inputs = {2, 2},
    .infer = [](Inference& node) { infer_cast(node, node.dtype(1)); },
    .create = make<CastLike>,
    .memory = Memory::kInPlace};

}  // namespace escuta::ops
