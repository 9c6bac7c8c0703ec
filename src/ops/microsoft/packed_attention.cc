// PackedAttention (com.microsoft 1): Attention over tokens without padding.
#include "ops/microsoft/packed_sequences.h"
#include "ops/microsoft/product.h"
#include "ops/microsoft/self_attention.h"

namespace escuta::ops {
namespace {

class PackedAttention final : public Kernel {
 public:
  explicit PackedAttention(const NodeInfo& node)
      : attributes_(node), widths_(node, {kNoInput, kNoInput, kNoInput, kNoInput, kNoInput}) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 5));
    RETURN_IF_ERROR(expect_shape(call, 0, "input", {-1, -1}));
    const int64_t tokens = call.shape(0)[0], depth = call.shape(0)[1];
    RETURN_IF_ERROR(expect_shape(call, 1, "weights", {depth, -1}));
    const int64_t width = call.shape(1)[1], heads = attributes_.heads;
    RETURN_IF_ERROR(expect_shape(call, 2, "bias", {width}));
    ASSIGN_OR_RETURN(const auto widths, widths_.widths(width));
    ASSIGN_OR_RETURN(const float* src, floats(call, 0));
    ASSIGN_OR_RETURN(const float* weights, floats(call, 1));
    ASSIGN_OR_RETURN(const float* bias, floats(call, 2));
    ASSIGN_OR_RETURN(const Shape all, shape_of({tokens, width}));
    ASSIGN_OR_RETURN(float* projected, call.scratch_of<float>(all.count()));
    if (all.count() > 0) project(src, weights, bias, projected, tokens, width, depth);
    PackedSequences packed;
    packed.tokens = tokens;
    packed.head_size = widths.hidden / heads;
    packed.value_size = widths.values / heads;
    packed.q = heads_inside(projected, tokens, width, packed.head_size);
    packed.k = heads_inside(projected + widths.hidden, tokens, width, packed.head_size);
    packed.v = heads_inside(projected + 2 * widths.hidden, tokens, width, packed.value_size);
    packed.offsets = 3;
    packed.ends = 4;
    packed.attention_bias = 5;
    return packed.run(call, attributes_);
  }

 private:
  AttentionAttributes attributes_;
  SelfAttention widths_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (node.rank(0) != 2) return;
  const std::vector<int64_t> sizes = node.integers("qkv_hidden_sizes");
  Dim values = sizes.size() == 3 && sizes[2] >= 0 ? Dim(sizes[2]) : Dim();
  if (sizes.empty() && node.rank(1) == 2 && (*node.shape(1))[1].is_known()) {
    values = Dim((*node.shape(1))[1].value() / 3);
  }
  node.set(0, node.dtype(0), Dims{(*node.shape(0))[0], values});
}

}  // namespace

extern const Operator kMsPackedAttention = {.domain = "com.microsoft",
                                            .name = "PackedAttention",
                                            .versions = {1},
                                            .inputs = {5, 6},
                                            .infer = infer,
                                            .create = make<PackedAttention>,
                                            .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
