// DecoderAttention (com.microsoft 1): attention of a decoder's layer with its projections, tokens
// first: [length, batch, hidden]. Self-attention reads keys and values from the query and appends
// them to a cache; cross-attention (static_kv) reads them from `key` once and from the cache later.
#include "ops/microsoft/attention_parts.h"
#include "ops/microsoft/product.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t {
  kQuery,
  kKey,
  kQueryWeight,
  kKeyValueWeight,
  kBias,
  kPadding,
  kKeyCache,
  kValueCache,
  kStatic,
  kUsePast,
  kHasState,
  kHasPadding,
};

Result<bool> flag(const Call& call, size_t i) {
  ASSIGN_OR_RETURN(const auto value, elements<bool>(call, i));
  if (value.size() != 1) return invalid_argument("expected one boolean as input {}", i);
  return value[0];
}

class DecoderAttention final : public Kernel {
 public:
  explicit DecoderAttention(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 5));
    RETURN_IF_ERROR(check_shapes(call));
    ASSIGN_OR_RETURN(const bool is_static, flag(call, kStatic));
    ASSIGN_OR_RETURN(const bool use_past, flag(call, kUsePast));
    ASSIGN_OR_RETURN(const bool has_state, flag(call, kHasState));
    const Shape& shape = call.shape(kQuery);
    const int64_t batch = shape[1], hidden = shape[2], heads = attributes_.heads;
    const int64_t size = hidden / heads;
    const bool cached = use_past && has_state;

    CachedHeads keys, values;
    for (CachedHeads* side : {&keys, &values}) {
      side->batch = batch;
      side->heads = heads;
      side->size = size;
      if (cached) {
        const size_t input = side == &keys ? kKeyCache : kValueCache;
        RETURN_IF_ERROR(expect_shape(call, input, "cache", {batch, heads, -1, size}));
        ASSIGN_OR_RETURN(const float* data, floats(call, input));
        side->past = call.shape(input)[2];
        side->buffer = heads_outside(data, heads, side->past, size);
      }
    }
    if (keys.past != values.past) {
      return invalid_argument("expected caches of one length, found {} and {}", keys.past,
                              values.past);
    }
    if (!(is_static && cached)) {
      RETURN_IF_ERROR(project_keys(call, is_static ? kKey : kQuery, keys, values));
    }
    return attend(call, keys, values);
  }

 private:
  Status check_shapes(const Call& call) const {
    RETURN_IF_ERROR(expect_shape(call, kQuery, "query", {-1, -1, -1}));
    const int64_t batch = call.shape(kQuery)[1], hidden = call.shape(kQuery)[2];
    if (hidden % attributes_.heads != 0) {
      return invalid_argument("expected a hidden size of {} heads, found {}", attributes_.heads,
                              hidden);
    }
    RETURN_IF_ERROR(expect_shape(call, kKey, "key", {-1, batch, hidden}));
    RETURN_IF_ERROR(expect_shape(call, kQueryWeight, "q_weight", {hidden, hidden}));
    RETURN_IF_ERROR(expect_shape(call, kKeyValueWeight, "kv_weight", {hidden, 2 * hidden}));
    return expect_shape(call, kBias, "bias", {3 * hidden});
  }

  // In [length, batch, width], heads from element `at` on.
  static Heads tokens_first(const float* data, int64_t length, int64_t batch, int64_t width,
                            int64_t at, int64_t size) {
    return {data + at, {width, size, batch * width}, length};
  }

  Status project_keys(Call& call, size_t from, CachedHeads& keys, CachedHeads& values) const {
    const int64_t length = call.shape(from)[0], batch = keys.batch;
    const int64_t hidden = call.shape(kQuery)[2];
    ASSIGN_OR_RETURN(const float* src, floats(call, from));
    ASSIGN_OR_RETURN(const float* weights, floats(call, kKeyValueWeight));
    ASSIGN_OR_RETURN(const float* bias, floats(call, kBias));
    ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(length * batch * 2 * hidden));
    if (hidden > 0) {
      project(src, weights, bias + hidden, dst, length * batch, 2 * hidden, hidden);
    }
    keys.fresh = tokens_first(dst, length, batch, 2 * hidden, 0, keys.size);
    values.fresh = tokens_first(dst, length, batch, 2 * hidden, hidden, keys.size);
    return {};
  }

  // What key_padding_mask [batch, keys] adds: the mask value where it is true.
  Result<Attention::Added> padding(Call& call, int64_t batch, int64_t total) const {
    ASSIGN_OR_RETURN(const bool has_padding, flag(call, kHasPadding));
    if (!has_padding) return Attention::Added{};
    RETURN_IF_ERROR(expect_shape(call, kPadding, "key_padding_mask", {batch, total}));
    ASSIGN_OR_RETURN(const auto mask, elements<bool>(call, kPadding));
    ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(batch * total));
    for (size_t i = 0; i < mask.size(); ++i) dst[i] = mask[i] ? attributes_.mask_value : 0;
    return Attention::Added{dst, {total, 0, 0}};
  }

  Status attend(Call& call, CachedHeads& keys, CachedHeads& values) const {
    const Shape& shape = call.shape(kQuery);
    const DType dtype = call.dtype(kQuery);
    const int64_t length = shape[0], batch = shape[1], hidden = shape[2];
    const int64_t total = keys.past + keys.fresh.length;
    keys.capacity = values.capacity = total;
    ASSIGN_OR_RETURN(const Shape cache, shape_of({batch, keys.heads, total, keys.size}));
    ASSIGN_OR_RETURN(const FloatOutput k, FloatOutput::create(call, 1, dtype, cache));
    ASSIGN_OR_RETURN(const FloatOutput v, FloatOutput::create(call, 2, dtype, cache));
    ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, dtype, shape));
    Attention plan;
    ASSIGN_OR_RETURN(plan.added[0], padding(call, batch, total));
    if (output.count() > 0) {
      keys.join(k.data());
      values.join(v.data());
      ASSIGN_OR_RETURN(const float* query, floats(call, kQuery));
      ASSIGN_OR_RETURN(const float* weights, floats(call, kQueryWeight));
      ASSIGN_OR_RETURN(const float* bias, floats(call, kBias));
      ASSIGN_OR_RETURN(float* q, call.scratch_of<float>(output.count()));
      ASSIGN_OR_RETURN(float* row, call.scratch_of<float>(total));
      project(query, weights, bias, q, length * batch, hidden, hidden);
      plan.batch = batch;
      plan.heads = plan.kv_heads = keys.heads;
      plan.queries = length;
      plan.keys = total;
      plan.head_size = plan.value_size = keys.size;
      plan.q = q;
      plan.q_rows = plan.dst_rows = tokens_first(q, length, batch, hidden, 0, keys.size).rows;
      plan.k = k.data();
      plan.v = v.data();
      plan.k_rows = plan.v_rows = heads_outside(nullptr, keys.heads, total, keys.size).rows;
      plan.dst = output.data();
      plan.scale = attributes_.scale_for(keys.size);
      RETURN_IF_ERROR(run_attention(call, plan, row));
    }
    output.store();
    k.store();
    v.store();
    return {};
  }

  AttentionAttributes attributes_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(kQuery), node.shape(kQuery));
  node.set(1, node.dtype(kQuery), std::nullopt);
  node.set(2, node.dtype(kQuery), std::nullopt);
}

}  // namespace

extern const Operator kMsDecoderAttention = {.domain = "com.microsoft",
                                             .name = "DecoderAttention",
                                             .versions = {1},
                                             .inputs = {5, 12},
                                             .outputs = {1, 3},
                                             .infer = infer,
                                             .create = make<DecoderAttention>,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
