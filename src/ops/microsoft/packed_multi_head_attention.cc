// PackedMultiHeadAttention (com.microsoft 1): MultiHeadAttention over tokens without padding.
#include "ops/microsoft/packed_sequences.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kQuery, kKey, kValue, kBias, kOffsets, kEnds, kAttentionBias };

class PackedMultiHeadAttention final : public Kernel {
 public:
  explicit PackedMultiHeadAttention(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 1));
    PackedSequences packed;
    packed.tokens = call.shape(kQuery).rank() > 0 ? call.shape(kQuery)[0] : 0;
    packed.offsets = kOffsets;
    packed.ends = kEnds;
    packed.attention_bias = kAttentionBias;
    RETURN_IF_ERROR(read(call, packed));
    if (call.has(kBias)) RETURN_IF_ERROR(bias(call, packed));
    return packed.run(call, attributes_);
  }

 private:
  Status read(Call& call, PackedSequences& packed) const {
    const Shape& shape = call.shape(kQuery);
    const int64_t heads = attributes_.heads, tokens = packed.tokens;
    ASSIGN_OR_RETURN(const float* q, floats(call, kQuery));
    if (!call.has(kKey)) {
      RETURN_IF_ERROR(expect_shape(call, kQuery, "query", {-1, heads, 3, -1}));
      const int64_t size = packed.head_size = packed.value_size = shape[3];
      packed.q = {q, {0, 3 * size, heads * 3 * size}, tokens};
      packed.k = {q + size, packed.q.rows, tokens};
      packed.v = {q + 2 * size, packed.q.rows, tokens};
      return {};
    }
    RETURN_IF_ERROR(expect_shape(call, kQuery, "query", {-1, -1}));
    RETURN_IF_ERROR(expect_shape(call, kKey, "key", {tokens, shape[1]}));
    RETURN_IF_ERROR(expect_shape(call, kValue, "value", {tokens, -1}));
    const int64_t values = call.shape(kValue)[1];
    if (shape[1] % heads != 0 || values % heads != 0) {
      return invalid_argument("expected sizes of {} heads, found {} and {}", heads, shape[1],
                              values);
    }
    ASSIGN_OR_RETURN(const float* k, floats(call, kKey));
    ASSIGN_OR_RETURN(const float* v, floats(call, kValue));
    packed.head_size = shape[1] / heads;
    packed.value_size = values / heads;
    packed.q = heads_inside(q, tokens, shape[1], packed.head_size);
    packed.k = heads_inside(k, tokens, shape[1], packed.head_size);
    packed.v = heads_inside(v, tokens, values, packed.value_size);
    return {};
  }

  Status bias(Call& call, PackedSequences& packed) const {
    const int64_t heads = attributes_.heads;
    const int64_t hidden = heads * packed.head_size, values = heads * packed.value_size;
    RETURN_IF_ERROR(expect_shape(call, kBias, "bias", {2 * hidden + values}));
    ASSIGN_OR_RETURN(const float* data, floats(call, kBias));
    ASSIGN_OR_RETURN(packed.q, add_bias(call, packed.q, 1, heads, packed.head_size, data));
    ASSIGN_OR_RETURN(packed.k, add_bias(call, packed.k, 1, heads, packed.head_size, data + hidden));
    ASSIGN_OR_RETURN(packed.v,
                     add_bias(call, packed.v, 1, heads, packed.value_size, data + 2 * hidden));
    return {};
  }

  AttentionAttributes attributes_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(kQuery), std::nullopt);
  if (node.rank(kQuery) == 2 && node.rank(kValue) == 2) {
    node.set(0, node.dtype(kQuery), Dims{(*node.shape(kQuery))[0], (*node.shape(kValue))[1]});
  }
}

}  // namespace

extern const Operator kMsPackedMultiHeadAttention = {.domain = "com.microsoft",
                                                     .name = "PackedMultiHeadAttention",
                                                     .versions = {1},
                                                     .inputs = {1, 7},
                                                     .infer = infer,
                                                     .create = make<PackedMultiHeadAttention>,
                                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
