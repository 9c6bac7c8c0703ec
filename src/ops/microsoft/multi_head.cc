#include "ops/microsoft/multi_head.h"

#include <algorithm>
#include <limits>

#include "ops/dims.h"
#include "ops/growing_cache.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kQuery, kKey, kValue };

// As many beams as kernels/attention takes without packing keys and values first; and any number of
// them in one order of accumulation.
constexpr int64_t kMostBeams = 8;

// Items of the query that read the same keys and values follow each other, `sharing` of them. One
// query each: some of them are the queries of one item, so that keys and values are read once.
Status run_shared(Call& call, Attention plan, int64_t sharing, float* row) {
  if (sharing == 1) return run_attention(call, plan, row);
  const auto q = plan.q_rows, dst = plan.dst_rows;
  const bool plain = plan.added[0].data == nullptr && plan.added[1].data == nullptr && !plan.causal;
  int64_t together = 1;
  if (plan.queries == 1 && plain) {
    for (int64_t n = 2; n <= kMostBeams; ++n) together = sharing % n == 0 ? n : together;
    plan.queries = together;
    plan.q_rows.row = q.batch;
    plan.dst_rows.row = dst.batch;
  }
  plan.batch /= sharing;
  plan.q_rows.batch = q.batch * sharing;
  plan.dst_rows.batch = dst.batch * sharing;
  const Attention::Rows added[] = {plan.added[0].rows, plan.added[1].rows};
  for (size_t i = 0; i < 2; ++i) plan.added[i].rows.batch = added[i].batch * sharing;
  for (int64_t done = 0; done < sharing; done += together) {
    RETURN_IF_ERROR(run_attention(call, plan, row));
    plan.q += together * q.batch;
    plan.dst += together * dst.batch;
    for (size_t i = 0; i < 2; ++i) {
      if (plan.added[i].data != nullptr) plan.added[i].data += together * added[i].batch;
    }
  }
  return {};
}

Status attend(Call& call, Attention& plan, int64_t sharing) {
  const DType dtype = call.dtype(kQuery);
  ASSIGN_OR_RETURN(const Shape shape,
                   shape_of({plan.batch, plan.queries, plan.heads * plan.value_size}));
  ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, dtype, shape));
  plan.dst = output.data();
  plan.dst_rows = heads_inside(nullptr, plan.queries, shape[2], plan.value_size).rows;
  FloatOutput scores;
  if (call.wants(3)) {
    ASSIGN_OR_RETURN(const Shape scores_shape,
                     shape_of({plan.batch, plan.heads, plan.queries, plan.keys}));
    ASSIGN_OR_RETURN(scores, FloatOutput::create(call, 3, dtype, scores_shape));
    plan.scores = scores.data();
    plan.stage = Attention::Stage::kAdded;
  }
  ASSIGN_OR_RETURN(float* row, call.scratch_of<float>(plan.keys));
  if (output.count() > 0 || scores.count() > 0)
    RETURN_IF_ERROR(run_shared(call, plan, sharing, row));
  output.store();
  if (!call.wants(3)) return {};
  // Keys after the query are at the lowest number there is.
  for (int64_t i = 0; i < scores.count(); ++i) {
    scores.data()[i] = std::max(scores.data()[i], std::numeric_limits<float>::lowest());
  }
  scores.store();
  return {};
}

// A cache [B, N, L, H], which may have room for more.
Result<Heads> past_heads(Call& call, size_t input) {
  if (call.dtype(input) == DType::kFloat) {
    const CacheRows rows = cache_rows(call, input);
    return Heads{rows.data, {rows.batch_step, rows.head_step, rows.row_step}, rows.length};
  }
  const Shape& shape = call.shape(input);
  ASSIGN_OR_RETURN(const float* data, floats(call, input));
  return heads_outside(data, shape[1], shape[2], shape[3]);
}

// The cache after the run: fresh rows after those of past input `past`.
std::optional<Dims> infer_present(const Inference& node, size_t past, size_t past_length,
                                  const Dim& batch, const Dim& heads, const Dim& fresh,
                                  const Dim& size) {
  if (!node.has_input(past)) return Dims{batch, heads, fresh, size};
  if (node.rank(past) != 4) return std::nullopt;
  const Dim& length = (*node.shape(past))[2];
  return Dims{batch, heads, node.has_input(past_length) ? length : add(length, fresh), size};
}

}  // namespace

Status MultiHead::run(Call& call) const {
  RETURN_IF_ERROR(check_tensors(call, 1));
  ASSIGN_OR_RETURN(Projected in, read(call));
  RETURN_IF_ERROR(add_biases(call, in));
  CachedHeads keys, values;
  RETURN_IF_ERROR(read_cache(call, in, keys, values));
  const int64_t total = keys.past + in.k.length, heads = attributes_.heads;

  Attention plan;
  plan.batch = in.batch;
  plan.heads = plan.kv_heads = heads;
  plan.queries = in.q.length;
  plan.keys = total;
  plan.head_size = in.head_size;
  plan.value_size = in.value_size;
  plan.q = in.q.data;
  plan.q_rows = in.q.rows;
  ASSIGN_OR_RETURN(const Heads k, cached(call, inputs_.past_key, 1, keys));
  ASSIGN_OR_RETURN(const Heads v, cached(call, inputs_.past_value, 2, values));
  plan.k = k.data;
  plan.k_rows = k.rows;
  plan.v = v.data;
  plan.k_half = k.half;
  plan.v_half = v.half;
  plan.v_rows = v.rows;
  plan.scale = attributes_.scale_for(in.head_size);
  plan.causal = causal_;
  plan.causal_offset = keys.past;
  ASSIGN_OR_RETURN(plan.added[0], mask_term(call, inputs_.mask, in.batch, plan.queries, keys.past,
                                            total, attributes_.mask_value));
  ASSIGN_OR_RETURN(plan.added[1],
                   bias_term(call, inputs_.attention_bias, in.batch, heads, plan.queries, total));
  return attend(call, plan, in.sharing);
}

// The inputs as one of: query alone [B, S, N, 3, H] or [B, S, 3 * N * H]; query and key [B, L, N,
// 2, H]; three of [B, T, N * H]; key and value [B, N, L, H] that need no bias.
Result<MultiHead::Projected> MultiHead::read(Call& call) const {
  const Shape& shape = call.shape(kQuery);
  const int64_t heads = attributes_.heads;
  Projected in;
  ASSIGN_OR_RETURN(const float* q, floats(call, kQuery));
  if (shape.rank() == 5) {
    RETURN_IF_ERROR(expect_shape(call, kQuery, "query", {-1, -1, heads, 3, -1}));
    if (call.has(kKey) || call.has(kValue)) {
      return invalid_argument("expected no key and value beside a query that holds them");
    }
    const int64_t size = shape[4];
    in.batch = shape[0];
    in.head_size = in.value_size = size;
    in.q = {q, {shape[1] * heads * 3 * size, 3 * size, heads * 3 * size}, shape[1]};
    in.k = {q + size, in.q.rows, shape[1]};
    in.v = {q + 2 * size, in.q.rows, shape[1]};
    return in;
  }
  RETURN_IF_ERROR(expect_shape(call, kQuery, "query", {-1, -1, -1}));
  in.batch = shape[0];
  if (!call.has(kKey)) {
    if (call.has(kValue)) return invalid_argument("expected a key together with a value");
    RETURN_IF_ERROR(read_packed(call, q, in));
    return in;
  }
  if (shape[2] % heads != 0) {
    return invalid_argument("expected a hidden size of {} heads, found {}", heads, shape[2]);
  }
  in.head_size = shape[2] / heads;
  in.q = heads_inside(q, shape[1], shape[2], in.head_size);
  RETURN_IF_ERROR(read_keys(call, in));
  return in;
}

// Query, key and value side by side: [B, S, 3 * N * H], or with other values, where the cache says
// what H is.
Status MultiHead::read_packed(Call& call, const float* q, Projected& in) const {
  const Shape& shape = call.shape(kQuery);
  const Shape& past = call.shape(inputs_.past_key);
  const int64_t heads = attributes_.heads, length = shape[1], width = shape[2];
  in.head_size = past.rank() == 4 ? past[3] : width / heads / 3;
  int64_t hidden = 0;
  if (__builtin_mul_overflow(heads, in.head_size, &hidden) || hidden > width / 2 ||
      (width - 2 * hidden) % heads != 0) {
    return invalid_argument("expected query, key and value of {} heads of size {}, found {}", heads,
                            in.head_size, width);
  }
  in.value_size = (width - 2 * hidden) / heads;
  in.q = heads_inside(q, length, width, in.head_size);
  in.k = heads_inside(q + hidden, length, width, in.head_size);
  in.v = heads_inside(q + 2 * hidden, length, width, in.value_size);
  return {};
}

Status MultiHead::read_keys(Call& call, Projected& in) const {
  const Shape& shape = call.shape(kKey);
  const int64_t heads = attributes_.heads, size = in.head_size;
  if (!call.has(kKey) || call.has(kValue) == (shape.rank() == 5)) {
    return invalid_argument("expected key and value, or a key of rank 5 that holds both");
  }
  const bool halves = stays_half(call);
  ASSIGN_OR_RETURN(const float* k, halves ? nullptr : floats(call, kKey));
  if (shape.rank() == 5) {
    RETURN_IF_ERROR(expect_shape(call, kKey, "key", {in.batch, -1, heads, 2, size}));
    in.value_size = size;
    in.k = {k, {shape[1] * heads * 2 * size, 2 * size, heads * 2 * size}, shape[1]};
    in.v = {k + size, in.k.rows, shape[1]};
    return {};
  }
  ASSIGN_OR_RETURN(const float* v, halves ? nullptr : floats(call, kValue));
  if (shape.rank() == 4) {
    read_sharing(call, in);
    const int64_t items = in.batch / in.sharing;
    RETURN_IF_ERROR(expect_shape(call, kKey, "key", {items, heads, -1, size}));
    RETURN_IF_ERROR(expect_shape(call, kValue, "value", {items, heads, shape[2], -1}));
    in.value_size = call.shape(kValue)[3];
    in.k = heads_outside(k, heads, shape[2], size);
    in.v = heads_outside(v, heads, shape[2], in.value_size);
    if (halves) {
      in.k.half = reinterpret_cast<const uint16_t*>(call.input(kKey).bytes());
      in.v.half = reinterpret_cast<const uint16_t*>(call.input(kValue).bytes());
    }
    in.biased_keys = false;
    return {};
  }
  RETURN_IF_ERROR(expect_shape(call, kKey, "key", {in.batch, -1, heads * size}));
  RETURN_IF_ERROR(expect_shape(call, kValue, "value", {in.batch, shape[1], -1}));
  const int64_t width = call.shape(kValue)[2];
  if (width % heads != 0) {
    return invalid_argument("expected values of {} heads, found a size of {}", heads, width);
  }
  in.value_size = width / heads;
  in.k = heads_inside(k, shape[1], heads * size, size);
  in.v = heads_inside(v, shape[1], width, in.value_size);
  return {};
}

// Whether key and value are all there is, and nobody wants more than the result.
bool MultiHead::is_alone(const Call& call) const {
  return !call.has(inputs_.past_key) && !call.wants(1) && !call.wants(2) && !call.wants(3) &&
         !call.has(inputs_.bias);
}

// Beside a query of floats (which the specification does not have), whole keys and values may be in
// float16: state that is kept in half the memory. They are read as they are.
bool MultiHead::stays_half(const Call& call) const {
  return call.dtype(kQuery) == DType::kFloat && call.dtype(kKey) == DType::kFloat16 &&
         call.dtype(kValue) == DType::kFloat16 && call.shape(kKey).rank() == 4 && is_alone(call);
}

// Keys of fewer items than the query has: beams of a window share its keys and values.
void MultiHead::read_sharing(Call& call, Projected& in) const {
  const int64_t items = call.shape(kKey)[0];
  if (items > 0 && items < in.batch && in.batch % items == 0 && is_alone(call)) {
    in.sharing = in.batch / items;
  }
}

Status MultiHead::add_biases(Call& call, Projected& in) const {
  if (!call.has(inputs_.bias)) return {};
  const int64_t heads = attributes_.heads, hidden = heads * in.head_size;
  ASSIGN_OR_RETURN(const float* bias, floats(call, inputs_.bias));
  RETURN_IF_ERROR(expect_shape(call, inputs_.bias, "bias", {2 * hidden + heads * in.value_size}));
  ASSIGN_OR_RETURN(in.q, add_bias(call, in.q, in.batch, heads, in.head_size, bias));
  if (!in.biased_keys) return {};
  ASSIGN_OR_RETURN(in.k, add_bias(call, in.k, in.batch, heads, in.head_size, bias + hidden));
  ASSIGN_OR_RETURN(in.v, add_bias(call, in.v, in.batch, heads, in.value_size, bias + 2 * hidden));
  return {};
}

Status MultiHead::read_cache(Call& call, const Projected& in, CachedHeads& keys,
                             CachedHeads& values) const {
  const int64_t heads = attributes_.heads, fresh = in.k.length;
  for (CachedHeads* cache : {&keys, &values}) {
    cache->batch = in.batch;
    cache->heads = heads;
    cache->capacity = fresh;
  }
  keys.fresh = in.k;
  keys.size = in.head_size;
  values.fresh = in.v;
  values.size = in.value_size;
  if (call.has(inputs_.past_key) != call.has(inputs_.past_value)) {
    return invalid_argument("expected past_key together with past_value");
  }
  if (!call.has(inputs_.past_key)) return {};
  RETURN_IF_ERROR(
      expect_shape(call, inputs_.past_key, "past_key", {in.batch, heads, -1, in.head_size}));
  const int64_t length = call.shape(inputs_.past_key)[2];
  RETURN_IF_ERROR(expect_shape(call, inputs_.past_value, "past_value",
                               {in.batch, heads, length, in.value_size}));
  ASSIGN_OR_RETURN(keys.buffer, past_heads(call, inputs_.past_key));
  ASSIGN_OR_RETURN(values.buffer, past_heads(call, inputs_.past_value));
  keys.past = length;
  keys.capacity = length + fresh;
  if (call.has(inputs_.past_length)) {  // the buffer is longer than what it holds
    ASSIGN_OR_RETURN(keys.past, count_input(call, inputs_.past_length, 0, length));
    keys.capacity = length;
    if (keys.past + fresh > length) {
      return invalid_argument("expected a cache of {} rows at least, found {}", keys.past + fresh,
                              length);
    }
  }
  values.past = keys.past;
  values.capacity = keys.capacity;
  return {};
}

// The heads to read, cached ones first, after storing them as an output where that is wanted.
Result<Heads> MultiHead::cached(Call& call, size_t past, size_t output,
                                const CachedHeads& cache) const {
  if (cache.buffer.data == nullptr && !call.wants(output)) return cache.fresh;
  const bool all_past = !call.has(inputs_.past_length) && !call.has(inputs_.beams);
  if (call.may_have_room(output) && all_past && call.dtype(kQuery) == DType::kFloat) {
    const Heads& fresh = cache.fresh;
    ASSIGN_OR_RETURN(const CacheRows all,
                     append_to_cache(call, past, output,
                                     {fresh.data, fresh.rows.batch, fresh.rows.head, fresh.rows.row,
                                      fresh.length},
                                     cache.batch, cache.heads, cache.size));
    return Heads{all.data, {all.batch_step, all.head_step, all.row_step}, all.length};
  }
  ASSIGN_OR_RETURN(const Shape shape,
                   shape_of({cache.batch, cache.heads, cache.capacity, cache.size}));
  ASSIGN_OR_RETURN(const FloatOutput present,
                   FloatOutput::create(call, output, call.dtype(kQuery), shape));
  cache.join(present.data());
  present.store();
  ASSIGN_OR_RETURN(const float* read,
                   follow_beams(call, inputs_.beams, present.data(), cache.batch, cache.heads,
                                cache.past, cache.capacity, cache.size));
  return heads_outside(read, cache.heads, cache.capacity, cache.size);
}

void infer_multi_head(Inference& node, const MultiHeadInputs& inputs) {
  const DType dtype = node.dtype(kQuery);
  for (size_t i = 0; i < 4; ++i) node.set(i, dtype, std::nullopt);
  const int64_t heads = node.integer("num_heads", 0);
  if (heads <= 0 || !node.rank(kQuery) || *node.rank(kQuery) < 3) return;
  const Dims& q = *node.shape(kQuery);
  const Dim heads_dim(heads);
  const auto split = [&](const Dim& width) {
    return width.is_known() ? Dim(width.value() / heads) : Dim();
  };
  Dim size = split(q[2]), fresh = q[1], value_size;
  if (q.size() == 5) {
    size = value_size = q[4];
  } else if (node.rank(kKey) == 5) {
    fresh = (*node.shape(kKey))[1];
    value_size = size;
  } else if (node.rank(kValue) == 4) {
    fresh = (*node.shape(kValue))[2];
    value_size = (*node.shape(kValue))[3];
  } else if (node.rank(kValue) == 3) {
    fresh = (*node.shape(kValue))[1];
    value_size = split((*node.shape(kValue))[2]);
  } else if (!node.has_input(kKey)) {
    const auto past = node.rank(inputs.past_key);
    size = past == 4                                 ? (*node.shape(inputs.past_key))[3]
           : past || node.has_input(inputs.past_key) ? Dim()
           : q[2].is_known()                         ? Dim(q[2].value() / heads / 3)
                                                     : Dim();
    int64_t hidden = 0;
    const bool fits = size.is_known() && q[2].is_known() &&
                      !__builtin_mul_overflow(heads, size.value(), &hidden) &&
                      hidden <= q[2].value() / 2;
    value_size = fits ? Dim((q[2].value() - 2 * hidden) / heads) : Dim();
  } else {
    return;
  }
  int64_t width = 0;
  const bool known =
      value_size.is_known() && !__builtin_mul_overflow(heads, value_size.value(), &width);
  node.set(0, dtype, Dims{q[0], q[1], known ? Dim(width) : Dim()});
  node.set(1, dtype,
           infer_present(node, inputs.past_key, inputs.past_length, q[0], heads_dim, fresh, size));
  node.set(2, dtype,
           infer_present(node, inputs.past_value, inputs.past_length, q[0], heads_dim, fresh,
                         value_size));
}

}  // namespace escuta::ops
