// DepthToSpace (ai.onnx 1, 11, 13): [N, C, H, W] to [N, C / (b b), H b, W b]: channels become
// blocks of b by b pixels; mode DCR has the position in the block before the channel, CRD after it.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// At most so large that its square fits.
int64_t block_of(const NodeInfo& node) {
  const int64_t block = node.integer("blocksize", 0);
  if (block < 1 || block > INT32_MAX) {
    node.fail(invalid_argument("expected a blocksize of 1 or more, found {}", block));
  }
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
    dims[1] = block == 1            ? input[1]
              : input[1].is_known() ? Dim(input[1].value() / (block * block))
                                    : Dim();
    for (size_t i = 2; i < 4; ++i) dims[i] = multiply(input[i], Dim(block));
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class DepthToSpace final : public Kernel {
 public:
  explicit DepthToSpace(const NodeInfo& node) : block_(block_of(node)) {
    const std::string mode = node.version() < 11 ? "DCR" : node.text("mode", "DCR");
    channel_first_ = mode == "CRD";
    if (!channel_first_ && mode != "DCR") {
      node.fail(invalid_argument("attribute `mode`: expected DCR or CRD, found {}", mode));
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& x = call.shape(0);
    const int64_t b = block_;
    if (x.rank() != 4 || x[1] % (b * b) != 0) {
      return invalid_argument("expected [N, C, H, W] with C that {} divides, found {}", b * b,
                              x.to_string());
    }
    std::array<int64_t, 4> dims = {x[0], x[1] / (b * b), 0, 0};
    if (__builtin_mul_overflow(x[2], b, &dims[2]) || __builtin_mul_overflow(x[3], b, &dims[3])) {
      return invalid_argument("shape {} is too large for blocks of {}", x.to_string(), b);
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    if (shape.count() == 0) return {};
    const int64_t plane = x[2] * x[3];
    const int64_t channel = channel_first_ ? b * b * plane : plane;
    const int64_t position = channel_first_ ? plane : dims[1] * plane;
    const Shape all = {x[0], dims[1], x[2], b, x[3], b};
    const std::array<int64_t, 6> strides = {x[1] * plane, channel, x[3], b * position, 1, position};
    RETURN_IF_ERROR(copy_cells(out.dtype(), gather_walk(all, strides), src, out.data()));
    out.finish();
    return {};
  }

 private:
  int64_t block_;
  bool channel_first_ = false;
};

}  // namespace

extern const Operator kDepthToSpace = {.domain = "",
                                       .name = "DepthToSpace",
                                       .versions = {1, 11, 13},
                                       .inputs = {1, 1},
                                       .infer = infer,
                                       .create = make<DepthToSpace>};

}  // namespace escuta::ops
