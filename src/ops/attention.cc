// Attention (ai.onnx 23, 24) over attention_core.h: 3-D inputs with heads side by side or 4-D ones,
// grouped heads, a cache that grows here (past and present) or elsewhere (nonpad_kv_seqlen).
#include <cmath>
#include <cstring>
#include <limits>

#include "ops/attention_core.h"
#include "ops/check_input.h"
#include "ops/growing_cache.h"
#include "ops/operator.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

enum : size_t { kQ, kK, kV, kMask, kPastKey, kPastValue, kNonpad };

// One of Q, K, V or a cache: [batch, heads, rows, size].
struct Heads {
  int64_t batch = 0, heads = 0, rows = 0, size = 0;
  bool flat = false;  // stored as [batch, rows, heads, size]

  template <typename T>
  typename AttentionOf<T>::Rows steps() const {
    if (flat) return {rows * heads * size, size, heads * size};
    return {heads * rows * size, rows * size, size};
  }
  Result<Shape> shape() const {
    return flat ? Shape::create(std::array{batch, rows, heads * size})
                : Shape::create(std::array{batch, heads, rows, size});
  }
};

Result<Heads> heads_of(const Call& call, size_t i, int64_t heads) {
  const Shape& shape = call.shape(i);
  if (shape.rank() == 4) return Heads{shape[0], shape[1], shape[2], shape[3], false};
  if (shape.rank() != 3 || heads < 1 || shape[2] % heads != 0) {
    return invalid_argument(
        "input {}: expected a tensor [B, H, T, D], or [B, T, H * D] with the "
        "attributes q_num_heads and kv_num_heads ({}), found {}",
        i, heads, shape.to_string());
  }
  return Heads{shape[0], heads, shape[1], shape[2] / heads, true};
}

struct Sizes {
  Heads q, k, v;
  int64_t past = 0;
  int64_t keys() const { return past + k.rows; }
};

class Attention final : public Kernel {
 public:
  explicit Attention(const NodeInfo& node)
      : q_heads_(node.integer("q_num_heads", 0)),
        kv_heads_(node.integer("kv_num_heads", 0)),
        mode_(node.integer("qk_matmul_output_mode", 0)),
        causal_(node.integer("is_causal", 0) != 0),
        mask_is_padded_(node.version() >= 24),
        has_scale_(node.has("scale")),
        scale_(node.number("scale", 0)),
        softcap_(node.number("softcap", 0)) {
    if (mode_ < 0 || mode_ > 3) {
      node.fail(invalid_argument("qk_matmul_output_mode: expected 0 to 3, found {}", mode_));
    }
  }

  bool takes_room(size_t input) const override { return input == kPastKey || input == kPastValue; }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Sizes sizes, sizes_of(call));
    const bool wide = call.dtype(kQ) == DType::kDouble || call.dtype(kV) == DType::kDouble;
    return wide ? attend<double>(call, sizes) : attend<float>(call, sizes);
  }

 private:
  Result<Sizes> sizes_of(const Call& call) const {
    Sizes sizes;
    ASSIGN_OR_RETURN(sizes.q, heads_of(call, kQ, q_heads_));
    ASSIGN_OR_RETURN(sizes.k, heads_of(call, kK, kv_heads_));
    ASSIGN_OR_RETURN(sizes.v, heads_of(call, kV, kv_heads_));
    const Heads &q = sizes.q, &k = sizes.k, &v = sizes.v;
    RETURN_IF_ERROR(check_dtype(call, kK, call.dtype(kQ)));
    if (q.batch != k.batch || q.batch != v.batch || k.heads != v.heads || k.rows != v.rows ||
        q.size != k.size || q.flat != k.flat || q.flat != v.flat) {
      return invalid_argument("expected Q, K and V that go together, found {}, {} and {}",
                              call.shape(kQ).to_string(), call.shape(kK).to_string(),
                              call.shape(kV).to_string());
    }
    if (q.heads > 0 && (k.heads < 1 || q.heads % k.heads != 0)) {
      return invalid_argument("expected heads of Q in groups, one per head of K, found {} and {}",
                              q.heads, k.heads);
    }
    if (call.has(kPastKey) != call.has(kPastValue)) {
      return invalid_argument("expected past_key and past_value together, found one of them");
    }
    if (call.has(kPastKey)) {
      RETURN_IF_ERROR(check_rank(call, kPastKey, 4));
      RETURN_IF_ERROR(check_dtype(call, kPastKey, call.dtype(kQ)));
      RETURN_IF_ERROR(check_dtype(call, kPastValue, call.dtype(kV)));
      sizes.past = call.shape(kPastKey)[2];
      const auto past_of = [&](const Heads& now) {
        return Shape::create(std::array{now.batch, now.heads, sizes.past, now.size});
      };
      ASSIGN_OR_RETURN(const Shape keys, past_of(k));
      ASSIGN_OR_RETURN(const Shape values, past_of(v));
      RETURN_IF_ERROR(check_shape(call, kPastKey, keys));
      RETURN_IF_ERROR(check_shape(call, kPastValue, values));
    }
    if (call.has(kNonpad)) {
      RETURN_IF_ERROR(check_dtype(call, kNonpad, DType::kInt64));
      RETURN_IF_ERROR(check_shape(call, kNonpad, Shape{q.batch}));
    }
    return sizes;
  }

  template <typename W>
  Status attend(Call& call, const Sizes& sizes) const {
    AttentionOf<W> plan;
    plan.batch = sizes.q.batch;
    plan.heads = sizes.q.heads;
    plan.kv_heads = sizes.k.heads;
    plan.queries = sizes.q.rows;
    plan.keys = sizes.keys();
    plan.head_size = sizes.q.size;
    plan.value_size = sizes.v.size;
    plan.scale = has_scale_ ? static_cast<W>(scale_)
                            : static_cast<W>(1 / std::sqrt(static_cast<double>(sizes.q.size)));
    plan.softcap = static_cast<W>(softcap_);
    plan.causal = causal_;
    plan.causal_offset = sizes.past;
    ASSIGN_OR_RETURN(plan.q, widened_tensor<W>(call, call.input(kQ)));
    plan.q_rows = sizes.q.template steps<W>();
    RETURN_IF_ERROR(cached(call, kK, kPastKey, 1, sizes.k, sizes.past, &plan.k, &plan.k_rows));
    RETURN_IF_ERROR(cached(call, kV, kPastValue, 2, sizes.v, sizes.past, &plan.v, &plan.v_rows));
    if (call.has(kMask)) RETURN_IF_ERROR(add_mask(call, &plan));
    if (call.has(kNonpad)) RETURN_IF_ERROR(add_padding(call, &plan));

    Heads result = sizes.q;
    result.size = sizes.v.size;
    ASSIGN_OR_RETURN(const Shape shape, result.shape());
    ASSIGN_OR_RETURN(const auto dst, NarrowedOutput<W>::create(call, 0, call.dtype(kQ), shape));
    plan.dst = dst.data();
    plan.dst_rows = result.template steps<W>();
    NarrowedOutput<W> scores;
    if (call.wants(3)) {
      ASSIGN_OR_RETURN(const Shape all,
                       Shape::create(std::array{plan.batch, plan.heads, plan.queries, plan.keys}));
      ASSIGN_OR_RETURN(scores, NarrowedOutput<W>::create(call, 3, call.dtype(kQ), all));
      plan.scores = scores.data();
      plan.stage = static_cast<typename AttentionOf<W>::Stage>(mode_);
    }
    ASSIGN_OR_RETURN(W * row, call.scratch_of<W>(plan.keys));
    if (shape.count() > 0 || scores.count() > 0) RETURN_IF_ERROR(run_attention(call, plan, row));
    if (call.wants(3)) RETURN_IF_ERROR(scores.finish());
    return dst.finish();
  }

  // Input `now` behind input `past` (which may be absent) is output `present`, where somebody wants
  // it, and what the keys or values are.
  template <typename W>
  static Status cached(Call& call, size_t now, size_t past, size_t present, const Heads& heads,
                       int64_t past_rows, const W** data, typename AttentionOf<W>::Rows* steps) {
    if (!call.has(past) && !call.wants(present)) {
      ASSIGN_OR_RETURN(*data, widened_tensor<W>(call, call.input(now)));
      *steps = heads.steps<W>();
      return {};
    }
    const DType dtype = call.dtype(now);
    if constexpr (std::is_same_v<W, float>) {
      if (call.may_have_room(present) && dtype == DType::kFloat) {
        const auto from = heads.steps<W>();
        ASSIGN_OR_RETURN(const CacheRows rows,
                         append_to_cache(call, past, present,
                                         {call.input(now).as<float>().data(), from.batch, from.head,
                                          from.row, heads.rows},
                                         heads.batch, heads.heads, heads.size));
        *data = rows.data;
        *steps = {rows.batch_step, rows.head_step, rows.row_step};
        return {};
      }
    }
    Heads all = heads;
    all.flat = false;
    all.rows = past_rows + heads.rows;
    ASSIGN_OR_RETURN(const Shape shape, all.shape());
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(present, dtype, shape));
    const auto bytes = static_cast<size_t>(dtype_bits(dtype) / 8);
    const size_t row_bytes = static_cast<size_t>(heads.size) * bytes;
    const size_t past_bytes = static_cast<size_t>(past_rows) * row_bytes;
    const auto from = heads.steps<W>();
    const int64_t capacity =
        call.input(past).is_dense() ? past_rows : call.input(past).row_capacity();
    const size_t past_step = static_cast<size_t>(capacity) * row_bytes;
    std::byte* to = dst;
    for (int64_t i = 0; i < heads.batch * heads.heads && shape.count() > 0; ++i) {
      if (past_bytes > 0) {
        std::memcpy(to, call.input(past).bytes() + static_cast<size_t>(i) * past_step, past_bytes);
        to += past_bytes;
      }
      const int64_t first = i / heads.heads * from.batch + i % heads.heads * from.head;
      for (int64_t t = 0; t < heads.rows; ++t, to += row_bytes) {
        const auto at = static_cast<size_t>(first + t * from.row) * bytes;
        std::memcpy(to, call.input(now).bytes() + at, row_bytes);
      }
    }
    ASSIGN_OR_RETURN(*data, widened_tensor<W>(call, Datum::borrow(dtype, shape, dst)));
    *steps = all.steps<W>();
    return {};
  }

  // The mask with all keys; batch, heads and queries broadcast by steps of 0.
  template <typename W>
  Status add_mask(Call& call, AttentionOf<W>* plan) const {
    const Datum& mask = call.input(kMask);
    const Shape& own = mask.shape();
    std::array<int64_t, 4> dims{1, 1, 1, 1};
    const std::array<int64_t, 4> full{plan->batch, plan->heads, plan->queries, plan->keys};
    bool fits = own.rank() >= 1 && own.rank() <= 4;
    for (int i = 0; fits && i < own.rank(); ++i) {
      const auto at = static_cast<size_t>(4 - own.rank() + i);
      dims[at] = own[i];
      fits = dims[at] == full[at] || dims[at] == 1;
      if (at == 3 && mask_is_padded_) fits = dims[at] <= full[at];
    }
    if (!fits) {
      return invalid_argument(
          "attn_mask: expected a shape that broadcasts to [{}, {}, {}, {}], "
          "found {}",
          full[0], full[1], full[2], full[3], own.to_string());
    }
    constexpr W kHidden = -std::numeric_limits<W>::infinity();
    const bool spread = dims[3] == 1 && !mask_is_padded_;
    const int64_t rows = dims[0] * dims[1] * dims[2];
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::array{rows, plan->keys}));
    ASSIGN_OR_RETURN(W * dst, call.scratch_of<W>(shape.count()));
    const auto copy = [&](auto&& value) {
      for (int64_t row = 0; row < rows && plan->keys > 0; ++row) {
        for (int64_t j = 0; j < plan->keys; ++j) {
          const bool there = spread || j < dims[3];
          dst[row * plan->keys + j] = there ? value(row * dims[3] + (spread ? 0 : j)) : kHidden;
        }
      }
    };
    if (mask.dtype() == DType::kBool) {
      const bool* src = mask.as<bool>().data();
      copy([&](int64_t i) { return src[i] ? W{0} : kHidden; });
    } else {
      ASSIGN_OR_RETURN(const W* src, (widened_tensor<W, Numbers>(call, mask)));
      copy([&](int64_t i) { return src[i]; });
    }
    const int64_t keys = plan->keys;
    plan->added[0].data = dst;
    plan->added[0].rows = {dims[0] == 1 ? 0 : dims[1] * dims[2] * keys,
                           dims[1] == 1 ? 0 : dims[2] * keys, dims[2] == 1 ? 0 : keys};
    return {};
  }

  // Keys behind those that each item has are hidden.
  template <typename W>
  static Status add_padding(Call& call, AttentionOf<W>* plan) {
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::array{plan->batch, plan->keys}));
    ASSIGN_OR_RETURN(W * dst, call.scratch_of<W>(shape.count()));
    const int64_t* there = call.input(kNonpad).as<int64_t>().data();
    for (int64_t b = 0; b < plan->batch && plan->keys > 0; ++b) {
      for (int64_t j = 0; j < plan->keys; ++j) {
        dst[b * plan->keys + j] = j < there[b] ? W{0} : -std::numeric_limits<W>::infinity();
      }
    }
    plan->added[1].data = dst;
    plan->added[1].rows = {plan->keys, 0, 0};
    return {};
  }

  int64_t q_heads_, kv_heads_, mode_;
  bool causal_, mask_is_padded_, has_scale_;
  float scale_, softcap_;
};

Dim quotient(const Dim& dim, int64_t by) {
  return dim.is_known() && by > 0 ? Dim(dim.value() / by) : Dim();
}

// [B, H, T, D] of a 3-D or 4-D input.
Dims four(const Dims& shape, int64_t heads) {
  if (shape.size() == 4) return shape;
  return {shape[0], heads > 0 ? Dim(heads) : Dim(), shape[1], quotient(shape[2], heads)};
}

void infer(Inference& node) {
  for (size_t i = 0; i < 4; ++i) node.set(i, node.dtype(i == 2 ? kV : kQ), std::nullopt);
  for (const size_t i : {kQ, kK, kV}) {
    if (!node.shape(i)) return;
    if (node.shape(i)->size() != 3 && node.shape(i)->size() != 4) {
      return node.fail(invalid_argument("input {}: expected 3 or 4 dimensions, found {}", i,
                                        node.shape(i)->size()));
    }
  }
  const int64_t q_heads = node.integer("q_num_heads", 0);
  const Dims q = four(*node.shape(kQ), q_heads);
  const Dims k = four(*node.shape(kK), node.integer("kv_num_heads", 0));
  const Dims v = four(*node.shape(kV), node.integer("kv_num_heads", 0));
  Dim keys = k[2];
  if (node.has_input(kPastKey)) {
    const auto& past = node.shape(kPastKey);
    const bool known = past && past->size() == 4 && (*past)[2].is_known() && keys.is_known();
    int64_t sum = 0;
    const bool fits = known && !__builtin_add_overflow((*past)[2].value(), keys.value(), &sum);
    keys = fits ? Dim(sum) : Dim();
  }
  if (node.shape(kQ)->size() == 4) {
    node.set(0, node.dtype(kQ), Dims{q[0], q[1], q[2], v[3]});
  } else {
    int64_t width = 0;
    const bool known =
        q_heads > 0 && v[3].is_known() && !__builtin_mul_overflow(q_heads, v[3].value(), &width);
    node.set(0, node.dtype(kQ), Dims{q[0], q[2], known ? Dim(width) : Dim()});
  }
  node.set(1, node.dtype(kQ), Dims{k[0], k[1], keys, k[3]});
  node.set(2, node.dtype(kV), Dims{v[0], v[1], keys, v[3]});
  node.set(3, node.dtype(kQ), Dims{q[0], q[1], q[2], keys});
}

}  // namespace

extern const Operator kAttention = {.domain = "",
                                    .name = "Attention",
                                    .versions = {23, 24},
                                    .inputs = {3, 7},
                                    .outputs = {1, 4},
                                    .infer = infer,
                                    .create = make<Attention>,
                                    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
