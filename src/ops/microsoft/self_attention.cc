#include "ops/microsoft/self_attention.h"

#include <algorithm>
#include <cmath>

#include "ops/dims.h"

namespace escuta::ops {

SelfAttention::SelfAttention(const NodeInfo& node, const Inputs& inputs)
    : inputs_(inputs),
      attributes_(node),
      sizes_(node.integers("qkv_hidden_sizes")),
      causal_(node.integer("unidirectional", 0) == 1),
      rotary_(node.integer("do_rotary", 0) == 1),
      rotary_size_(node.integer("rotary_embedding_dim", 0)) {
  if (rotary_size_ < 0) {
    node.fail(
        invalid_argument("expected rotary_embedding_dim of 0 or more, found {}", rotary_size_));
  }
  if (!sizes_.empty() && (sizes_.size() != 3 || sizes_[0] != sizes_[1] ||
                          std::ranges::any_of(sizes_, [](int64_t size) { return size < 0; }))) {
    node.fail(invalid_argument("expected qkv_hidden_sizes of queries, keys (equal) and values"));
    sizes_.clear();
  }
}

Result<SelfAttention::Widths> SelfAttention::widths(int64_t width) const {
  const int64_t heads = attributes_.heads;
  const Widths widths =
      sizes_.empty() ? Widths{width / 3, width - 2 * (width / 3)} : Widths{sizes_[0], sizes_[2]};
  if ((sizes_.empty() && width % 3 != 0) || widths.hidden > width || widths.hidden % heads != 0 ||
      widths.values % heads != 0 || widths.values != width - 2 * widths.hidden) {
    return invalid_argument(
        "expected queries, keys and values of {} heads, found sizes {}, {} and {} in {}", heads,
        widths.hidden, widths.hidden, widths.values, width);
  }
  return widths;
}

Status SelfAttention::read_cache(Call& call, CachedHeads& keys, CachedHeads& values) const {
  const int64_t fresh = keys.fresh.length;
  keys.capacity = values.capacity = fresh;
  if (!call.has(inputs_.past)) return {};
  if (keys.size != values.size) {
    return invalid_argument("expected keys and values of one size with a cache, found {} and {}",
                            keys.size, values.size);
  }
  RETURN_IF_ERROR(
      expect_shape(call, inputs_.past, "past", {2, keys.batch, keys.heads, -1, keys.size}));
  const int64_t length = call.shape(inputs_.past)[3];
  ASSIGN_OR_RETURN(const float* past, floats(call, inputs_.past));
  keys.buffer = heads_outside(past, keys.heads, length, keys.size);
  values.buffer = keys.buffer;
  values.buffer.data += call.input(inputs_.past).count() / 2;
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

// Positions count from `past`; angles are position / 10000^(2j / size).
void SelfAttention::rotate_heads(float* heads, int64_t rows, int64_t length, int64_t width,
                                 int64_t past, int64_t head_size) const {
  const int64_t size = std::min(rotary_size_ > 0 ? rotary_size_ : head_size, head_size) / 2 * 2;
  for (int64_t row = 0; row < rows; ++row, heads += width) {
    const auto position = static_cast<double>(past + row % length);
    for (int64_t h = 0; h < attributes_.heads; ++h) {
      float* head = heads + h * head_size;
      for (int64_t j = 0; j < size / 2; ++j) {
        const double angle =
            position / std::pow(10000.0, 2 * static_cast<double>(j) / static_cast<double>(size));
        const float x = head[j], y = head[j + size / 2];
        head[j] = static_cast<float>(x * std::cos(angle) - y * std::sin(angle));
        head[j + size / 2] = static_cast<float>(x * std::sin(angle) + y * std::cos(angle));
      }
    }
  }
}

Status SelfAttention::run(Call& call, float* projected, const Widths& widths, int64_t batch,
                          int64_t length, DType dtype) const {
  const int64_t heads = attributes_.heads, width = 2 * widths.hidden + widths.values;
  CachedHeads keys, values;
  keys.batch = values.batch = batch;
  keys.heads = values.heads = heads;
  keys.size = widths.hidden / heads;
  values.size = widths.values / heads;
  keys.fresh = heads_inside(projected + widths.hidden, length, width, keys.size);
  values.fresh = heads_inside(projected + 2 * widths.hidden, length, width, values.size);
  RETURN_IF_ERROR(read_cache(call, keys, values));
  ASSIGN_OR_RETURN(const Shape shape, shape_of({batch, length, widths.values}));
  ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, dtype, shape));
  if (rotary_ && batch * length > 0) {
    rotate_heads(projected, batch * length, length, width, keys.past, keys.size);
    rotate_heads(projected + widths.hidden, batch * length, length, width, keys.past, keys.size);
  }

  Attention plan;
  plan.batch = batch;
  plan.heads = plan.kv_heads = heads;
  plan.queries = length;
  plan.keys = keys.past + length;
  plan.head_size = keys.size;
  plan.value_size = values.size;
  plan.q = projected;
  plan.q_rows = keys.fresh.rows;
  plan.k = keys.fresh.data;
  plan.v = values.fresh.data;
  plan.k_rows = plan.v_rows = keys.fresh.rows;
  plan.v_rows.head = values.size;
  plan.dst = output.data();
  plan.dst_rows = heads_inside(nullptr, length, widths.values, values.size).rows;
  if (call.wants(1) || keys.buffer.data != nullptr) {
    if (keys.size != values.size) {
      return invalid_argument("expected keys and values of one size with a cache, found {} and {}",
                              keys.size, values.size);
    }
    ASSIGN_OR_RETURN(const Shape cache_shape,
                     shape_of({2, batch, heads, keys.capacity, keys.size}));
    ASSIGN_OR_RETURN(const FloatOutput cache, FloatOutput::create(call, 1, dtype, cache_shape));
    const float* sides[2];
    for (const int side : {0, 1}) {
      float* at = cache.data() + side * (cache.count() / 2);
      (side == 0 ? keys : values).join(at);
      ASSIGN_OR_RETURN(sides[side], follow_beams(call, inputs_.beams, at, batch, heads, keys.past,
                                                 keys.capacity, keys.size));
    }
    plan.k = sides[0];
    plan.v = sides[1];
    plan.k_rows = plan.v_rows = heads_outside(nullptr, heads, keys.capacity, keys.size).rows;
    cache.store();
  }
  plan.scale = attributes_.scale_for(keys.size);
  plan.causal = causal_;
  plan.causal_offset = keys.past;
  ASSIGN_OR_RETURN(plan.added[0], mask_term(call, inputs_.mask, batch, length, keys.past, plan.keys,
                                            attributes_.mask_value));
  ASSIGN_OR_RETURN(plan.added[1],
                   bias_term(call, inputs_.attention_bias, batch, heads, length, plan.keys));
  ASSIGN_OR_RETURN(float* row, call.scratch_of<float>(plan.keys));
  if (output.count() > 0) RETURN_IF_ERROR(run_attention(call, plan, row));
  output.store();
  return {};
}

void infer_self_attention(Inference& node, DType dtype, size_t past, size_t past_length) {
  node.set(0, dtype, std::nullopt);
  node.set(1, dtype, std::nullopt);
  const int64_t heads = node.integer("num_heads", 0);
  const std::vector<int64_t> sizes = node.integers("qkv_hidden_sizes");
  if (heads <= 0 || node.rank(0) != 3) return;
  const Dim weights = node.rank(1) == 2 ? (*node.shape(1))[1] : Dim();
  const Dim third = weights.is_known() ? Dim(weights.value() / 3) : Dim();
  const Dim values = sizes.size() == 3 && sizes[2] >= 0 ? Dim(sizes[2]) : third;
  const Dims& in = *node.shape(0);
  node.set(0, dtype, Dims{in[0], in[1], values});
  const Dim size = values.is_known() ? Dim(values.value() / heads) : Dim();
  if (!node.has_input(past)) {
    node.set(1, dtype, Dims{Dim(int64_t{2}), in[0], Dim(heads), in[1], size});
  } else if (node.rank(past) == 5) {
    const Dim& length = (*node.shape(past))[3];
    node.set(1, dtype,
             Dims{Dim(int64_t{2}), in[0], Dim(heads),
                  node.has_input(past_length) ? length : add(length, in[1]), size});
  }
}

}  // namespace escuta::ops
