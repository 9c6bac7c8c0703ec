// SpaceToDepth (ai.onnx 1, 13): [N, C, H, W] to [N, b b C, H / b, W / b]: each block of b by b
// pixels becomes channels, block position first.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

int64_t block_of(const NodeInfo& node) {
  const int64_t block = node.integer("blocksize", 0);
  if (block < 1) node.fail(invalid_argument("expected a blocksize of 1 or more, found {}", block));
  return block;
}

void infer(Inference& node) {
  const int64_t block = block_of(node);
  if (!node.status().ok()) return;
  Dims dims(4);
  if (node.shape(0)) {
    if (node.shape(0)->size() != 4) {
      node.fail(invalid_argument("expected 4 dimensions, found {}", node.shape(0)->size()));
      return;
    }
    const Dims& input = *node.shape(0);
    dims[0] = input[0];
    dims[1] = multiply(multiply(input[1], Dim(block)), Dim(block));
    for (size_t i = 2; i < 4; ++i) {
      dims[i] = block == 1 ? input[i] : input[i].is_known() ? Dim(input[i].value() / block) : Dim();
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class SpaceToDepth final : public Kernel {
 public:
  explicit SpaceToDepth(const NodeInfo& node) : block_(block_of(node)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& x = call.shape(0);
    if (x.rank() != 4 || x[2] % block_ != 0 || x[3] % block_ != 0) {
      return invalid_argument("expected [N, C, H, W] with H and W that {} divides, found {}",
                              block_, x.to_string());
    }
    const int64_t b = block_;
    int64_t channels = 0;
    if (__builtin_mul_overflow(b, b, &channels) ||
        __builtin_mul_overflow(x[1], channels, &channels)) {
      return invalid_argument("{} blocks of {} channels are more than 64 bits can count", b, x[1]);
    }
    const int64_t h = x[2] / b, w = x[3] / b;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create(std::array<int64_t, 4>{x[0], channels, h, w}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    if (shape.count() == 0) return {};
    const Shape all = {x[0], b, b, x[1], h, w};
    const int64_t plane = x[2] * x[3];
    const std::array<int64_t, 6> strides = {x[1] * plane, x[3], 1, plane, b * x[3], b};
    RETURN_IF_ERROR(copy_cells(out.dtype(), gather_walk(all, strides), src, out.data()));
    out.finish();
    return {};
  }

 private:
  int64_t block_;
};

}  // namespace

extern const Operator kSpaceToDepth = {.domain = "",
                                       .name = "SpaceToDepth",
                                       .versions = {1, 13},
                                       .inputs = {1, 1},
                                       .infer = infer,
                                       .create = make<SpaceToDepth>};

}  // namespace escuta::ops
