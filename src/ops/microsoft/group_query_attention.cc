// GroupQueryAttention (com.microsoft 1): causal attention whose heads of queries share heads of
// keys and values, over a cache, with rotary embedding, window, cap and sinks.
#include <algorithm>
#include <cmath>

#include "ops/dims.h"
#include "ops/microsoft/attention_parts.h"
#include "ops/microsoft/normalize.h"
#include "ops/microsoft/rotary.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLastKeys,     // [batch] of the number of keys minus 1
  kTotalLength,  // the most keys of any item
  kCosines,
  kSines,
  kPositions,
  kAttentionBias,
  kSinks,
  kKeyScale,
  kValueScale,
  kQueryNorm,
  kKeyNorm,
};

// Sizes of one run.
struct Plan {
  int64_t batch = 0, length = 0, size = 0;  // size: of a head
  int64_t total = 0, capacity = 0;          // keys of the longest item, rows of the cache
  int64_t buffer = 0;                       // rows of the cache that came in
  bool packed = false;
  float *q = nullptr, *k = nullptr, *v = nullptr;  // new rows [batch, length, heads, size]
};

class GroupQueryAttention final : public Kernel {
 public:
  explicit GroupQueryAttention(const NodeInfo& node)
      : attributes_(node),
        kv_heads_(node.integer("kv_num_heads", 0)),
        softcap_(node.number("softcap", 0)),
        rotary_(node.integer("do_rotary", 0) != 0),
        interleaved_(node.integer("rotary_interleaved", 0) != 0),
        causal_(node.integer("causal", 1) != 0),
        smooth_(node.integer("smooth_softmax", -1) == 1),
        window_(node.integer("local_window_size", -1)),
        scores_(node.integer("qk_output", 0)),
        norm_epsilon_(node.number("qk_norm_epsilon", 1e-6f)) {
    if (kv_heads_ <= 0 || attributes_.heads % kv_heads_ != 0) {
      node.fail(invalid_argument("expected kv_num_heads that divides num_heads {}, found {}",
                                 attributes_.heads, kv_heads_));
      kv_heads_ = 1;
    }
    if (node.integer("sliding_window_cache", 0) != 0) {
      node.fail(unimplemented("a cache that slides (sliding_window_cache) is not supported"));
    }
    if (node.text("k_quant_type", "NONE") != "NONE" ||
        node.text("v_quant_type", "NONE") != "NONE") {
      node.fail(unimplemented("a quantised cache (k_quant_type, v_quant_type) is not supported"));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 1));
    ASSIGN_OR_RETURN(Plan plan, measure(call));
    RETURN_IF_ERROR(copy_rows(call, plan));
    RETURN_IF_ERROR(normalize(call, plan));
    if (rotary_) RETURN_IF_ERROR(rotate_rows(call, plan));
    const DType dtype = call.dtype(kQuery);
    ASSIGN_OR_RETURN(const Shape cache_shape,
                     shape_of({plan.batch, kv_heads_, plan.capacity, plan.size}));
    ASSIGN_OR_RETURN(const FloatOutput keys, FloatOutput::create(call, 1, dtype, cache_shape));
    ASSIGN_OR_RETURN(const FloatOutput values, FloatOutput::create(call, 2, dtype, cache_shape));
    if (cache_shape.count() > 0) {
      RETURN_IF_ERROR(cache(call, plan, kPastKey, plan.k, keys.data()));
      RETURN_IF_ERROR(cache(call, plan, kPastValue, plan.v, values.data()));
    }
    RETURN_IF_ERROR(attend(call, plan, keys.data(), values.data()));
    keys.store();
    values.store();
    return {};
  }

 private:
  Result<Plan> measure(const Call& call) const {
    RETURN_IF_ERROR(expect_shape(call, kQuery, "query", {-1, -1, -1}));
    const Shape& shape = call.shape(kQuery);
    Plan plan;
    plan.batch = shape[0];
    plan.length = shape[1];
    plan.packed = !call.has(kKey);
    const int64_t heads = attributes_.heads + (plan.packed ? 2 * kv_heads_ : 0);
    if (shape[2] % heads != 0) {
      return invalid_argument("expected {} heads, found a hidden size of {}", heads, shape[2]);
    }
    plan.size = shape[2] / heads;
    if (call.has(kValue) == plan.packed) {
      return invalid_argument("expected key and value, or neither");
    }
    for (const size_t i : {kKey, kValue}) {
      if (plan.packed) break;
      RETURN_IF_ERROR(
          expect_shape(call, i, "key and value", {plan.batch, plan.length, kv_heads_ * plan.size}));
    }
    if (call.has(kPastKey) != call.has(kPastValue)) {
      return invalid_argument("expected past_key together with past_value");
    }
    if (call.has(kPastKey)) {
      RETURN_IF_ERROR(
          expect_shape(call, kPastKey, "past_key", {plan.batch, kv_heads_, -1, plan.size}));
      plan.buffer = call.shape(kPastKey)[2];
      RETURN_IF_ERROR(expect_shape(call, kPastValue, "past_value",
                                   {plan.batch, kv_heads_, plan.buffer, plan.size}));
    }
    const int64_t most = plan.buffer + plan.length;
    if (!call.has(kTotalLength)) return invalid_argument("expected total_sequence_length");
    ASSIGN_OR_RETURN(plan.total, count_input(call, kTotalLength, 0, most));
    plan.capacity = std::max(plan.buffer, plan.total);
    return check_lengths(call, plan);
  }

  Result<Plan> check_lengths(const Call& call, Plan plan) const {
    ASSIGN_OR_RETURN(const auto last, elements<int32_t>(call, kLastKeys));
    if (static_cast<int64_t>(last.size()) != plan.batch) {
      return invalid_argument("expected seqlens_k of {} items, found {}", plan.batch, last.size());
    }
    if (plan.total < plan.length) {
      return invalid_argument("expected a total_sequence_length of {} at least, found {}",
                              plan.length, plan.total);
    }
    for (const int32_t keys : last) {
      const int64_t total = int64_t{keys} + 1;
      if (total < (plan.total == plan.length ? 0 : plan.length) || total > plan.total) {
        return invalid_argument("expected seqlens_k from {} to {}, found {}", plan.length - 1,
                                plan.total - 1, keys);
      }
    }
    return plan;
  }

  // Rows of item b that the cache has before this run: none where all tokens are new.
  static int64_t past(const Call& call, const Plan& plan, int64_t b) {
    if (plan.total == plan.length) return 0;
    return call.input(kLastKeys).as<int32_t>()[static_cast<size_t>(b)] + int64_t{1} - plan.length;
  }

  Status copy_rows(Call& call, Plan& plan) const {
    const int64_t rows = plan.batch * plan.length;
    ASSIGN_OR_RETURN(const float* query, floats(call, kQuery));
    const int64_t widths[3] = {attributes_.heads * plan.size, kv_heads_ * plan.size,
                               kv_heads_ * plan.size};
    float** targets[3] = {&plan.q, &plan.k, &plan.v};
    int64_t at = 0;
    for (const size_t i : {kQuery, kKey, kValue}) {
      ASSIGN_OR_RETURN(const float* src, floats(call, i));
      const int64_t width = widths[i];
      ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(rows * width));
      const int64_t step = plan.packed ? call.shape(kQuery)[2] : width;
      for (int64_t row = 0; row < rows; ++row) {
        const float* from = plan.packed ? query + row * step + at : src + row * step;
        std::copy_n(from, width, dst + row * width);
      }
      *targets[i] = dst;
      at += width;
    }
    return {};
  }

  Status normalize(Call& call, const Plan& plan) const {
    if (call.has(kQueryNorm) != call.has(kKeyNorm)) {
      return invalid_argument("expected q_norm_weight together with k_norm_weight");
    }
    if (!call.has(kQueryNorm)) return {};
    for (const size_t i : {kQueryNorm, kKeyNorm}) {
      RETURN_IF_ERROR(expect_shape(call, i, "norm weights", {plan.size}));
      ASSIGN_OR_RETURN(const float* gamma, floats(call, i));
      const int64_t heads = i == kQueryNorm ? attributes_.heads : kv_heads_;
      float* head = i == kQueryNorm ? plan.q : plan.k;
      if (plan.size == 0) continue;
      for (int64_t row = 0; row < plan.batch * plan.length * heads; ++row, head += plan.size) {
        normalize_row<float>(head, plan.size, gamma, nullptr, norm_epsilon_, true, head);
      }
    }
    return {};
  }

  Status rotate_rows(Call& call, const Plan& plan) const {
    RETURN_IF_ERROR(expect_shape(call, kCosines, "cos_cache", {-1, -1}));
    const int64_t known = call.shape(kCosines)[0], pairs = call.shape(kCosines)[1];
    RETURN_IF_ERROR(expect_shape(call, kSines, "sin_cache", {known, pairs}));
    if (2 * pairs > plan.size) {
      return invalid_argument("expected caches of {} angles at most, found {}", plan.size / 2,
                              pairs);
    }
    ASSIGN_OR_RETURN(const float* cosines, floats(call, kCosines));
    ASSIGN_OR_RETURN(const float* sines, floats(call, kSines));
    std::span<const int64_t> positions;
    if (call.has(kPositions)) {
      RETURN_IF_ERROR(expect_shape(call, kPositions, "position_ids", {plan.batch, plan.length}));
      ASSIGN_OR_RETURN(positions, elements<int64_t>(call, kPositions));
    }
    for (int64_t row = 0; row < plan.batch * plan.length; ++row) {
      const int64_t b = row / plan.length, t = row % plan.length;
      const int64_t position =
          positions.empty() ? past(call, plan, b) + t : positions[static_cast<size_t>(row)];
      if (position < 0 || position >= known) {
        return out_of_range("expected positions from 0 to {}, found {}", known - 1, position);
      }
      const float* cosine = cosines + position * pairs;
      const float* sine = sines + position * pairs;
      for (int64_t h = 0; h < attributes_.heads; ++h) {
        float* head = plan.q + (row * attributes_.heads + h) * plan.size;
        rotate(head, cosine, sine, pairs, interleaved_, head);
      }
      for (int64_t h = 0; h < kv_heads_; ++h) {
        float* head = plan.k + (row * kv_heads_ + h) * plan.size;
        rotate(head, cosine, sine, pairs, interleaved_, head);
      }
    }
    return {};
  }

  // dst [batch, kv heads, capacity, size]: what was cached, then the new rows.
  Status cache(Call& call, const Plan& plan, size_t input, const float* fresh, float* dst) const {
    ASSIGN_OR_RETURN(const float* buffer, floats(call, input));
    const int64_t item = kv_heads_ * plan.capacity * plan.size;
    for (int64_t b = 0; b < plan.batch; ++b) {
      CachedHeads one;
      one.batch = 1;
      one.heads = kv_heads_;
      one.size = plan.size;
      one.capacity = plan.capacity;
      one.past = past(call, plan, b);
      one.fresh = heads_inside(fresh + b * plan.length * kv_heads_ * plan.size, plan.length,
                               kv_heads_ * plan.size, plan.size);
      if (buffer != nullptr) {
        one.buffer = heads_outside(buffer + b * kv_heads_ * plan.buffer * plan.size, kv_heads_,
                                   plan.buffer, plan.size);
        one.buffer.length = one.past;  // rows after those are not kept
      }
      one.join(dst + b * item);
    }
    return {};
  }

  // The sinks of the heads: input, or those of 0 that smooth_softmax stands for.
  Result<const float*> sinks(Call& call) const {
    if (call.has(kSinks)) {
      RETURN_IF_ERROR(expect_shape(call, kSinks, "head_sink", {attributes_.heads}));
      return floats(call, kSinks);
    }
    if (!smooth_) return nullptr;
    ASSIGN_OR_RETURN(float* zeros, call.scratch_of<float>(attributes_.heads));
    std::fill_n(zeros, attributes_.heads, 0.0f);
    return zeros;
  }

  Status attend(Call& call, const Plan& plan, const float* keys, const float* values) const {
    const int64_t heads = attributes_.heads, width = heads * plan.size;
    const DType dtype = call.dtype(kQuery);
    ASSIGN_OR_RETURN(const FloatOutput output,
                     FloatOutput::create(call, 0, dtype, {plan.batch, plan.length, width}));
    ASSIGN_OR_RETURN(const Shape scores_shape,
                     shape_of({plan.batch, heads, plan.length, plan.total}));
    FloatOutput scores;
    Attention one;
    if (call.wants(3)) {
      ASSIGN_OR_RETURN(scores, FloatOutput::create(call, 3, dtype, scores_shape));
      std::fill_n(scores.data(), scores.count(), 0.0f);
      ASSIGN_OR_RETURN(one.scores, call.scratch_of<float>(scores.count()));
      one.stage = scores_ == 2 ? Attention::Stage::kSoftmax : Attention::Stage::kAdded;
    }
    ASSIGN_OR_RETURN(const auto bias,
                     bias_term(call, kAttentionBias, plan.batch, heads, plan.length, plan.total));
    ASSIGN_OR_RETURN(one.sinks, sinks(call));
    ASSIGN_OR_RETURN(float* row, call.scratch_of<float>(plan.total));
    one.heads = heads;
    one.kv_heads = kv_heads_;
    one.queries = plan.length;
    one.head_size = one.value_size = plan.size;
    one.q_rows = one.dst_rows = heads_inside(nullptr, plan.length, width, plan.size).rows;
    one.k_rows = one.v_rows = heads_outside(nullptr, kv_heads_, plan.capacity, plan.size).rows;
    one.scale = attributes_.scale_for(plan.size);
    one.softcap = softcap_;
    one.causal = causal_;
    one.window = window_;
    for (int64_t b = 0; b < plan.batch && output.count() > 0; ++b) {
      one.causal_offset = past(call, plan, b);
      one.keys = one.causal_offset + plan.length;
      one.q = plan.q + b * plan.length * width;
      one.dst = output.data() + b * plan.length * width;
      one.k = keys + b * one.k_rows.batch;
      one.v = values + b * one.v_rows.batch;
      if (bias.data != nullptr) one.added[0] = {bias.data + b * bias.rows.batch, bias.rows};
      RETURN_IF_ERROR(run_attention(call, one, row));
      if (one.scores == nullptr) continue;
      for (int64_t i = 0; i < heads * plan.length; ++i) {  // 0 where a key is hidden
        const float* from = one.scores + i * one.keys;
        float* to = scores.data() + (b * heads * plan.length + i) * plan.total;
        for (int64_t j = 0; j < one.keys; ++j) to[j] = std::isinf(from[j]) ? 0 : from[j];
      }
    }
    output.store();
    if (call.wants(3)) scores.store();
    return {};
  }

  AttentionAttributes attributes_;
  int64_t kv_heads_;
  float softcap_;
  bool rotary_, interleaved_, causal_, smooth_;
  int64_t window_;
  int64_t scores_;
  float norm_epsilon_;
};

void infer(Inference& node) {
  const DType dtype = node.dtype(kQuery);
  for (size_t i = 0; i < 4; ++i) node.set(i, dtype, std::nullopt);
  const int64_t heads = node.integer("num_heads", 0), kv_heads = node.integer("kv_num_heads", 0);
  if (node.rank(kQuery) != 3 || heads <= 0 || kv_heads <= 0 || heads > kMaxCount ||
      kv_heads > kMaxCount) {
    return;
  }
  const Dims& q = *node.shape(kQuery);
  const bool packed = !node.has_input(kKey);
  const int64_t parts = heads + (packed ? 2 * kv_heads : 0);
  const Dim size = q[2].is_known() ? Dim(q[2].value() / parts) : Dim();
  node.set(0, dtype, Dims{q[0], q[1], packed ? multiply(size, Dim(heads)) : q[2]});
  const auto total = node.constant_ints(kTotalLength);
  const Dim most = total && total->size() == 1 ? dim_of((*total)[0]) : Dim();
  Dim rows = node.has_input(kPastKey) ? Dim() : most;
  if (node.rank(kPastKey) == 4) {
    const Dim& buffer = (*node.shape(kPastKey))[2];
    if (buffer.is_known() && most.is_known()) rows = Dim(std::max(buffer.value(), most.value()));
  }
  node.set(1, dtype, Dims{q[0], Dim(kv_heads), rows, size});
  node.set(2, dtype, Dims{q[0], Dim(kv_heads), rows, size});
  node.set(3, dtype, Dims{q[0], Dim(heads), q[1], most});
}

}  // namespace

extern const Operator kMsGroupQueryAttention = {.domain = "com.microsoft",
                                                .name = "GroupQueryAttention",
                                                .versions = {1},
                                                .inputs = {1, 16},
                                                .outputs = {1, 4},
                                                .infer = infer,
                                                .create = make<GroupQueryAttention>,
                                                .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
