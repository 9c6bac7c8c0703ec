#include "ops/microsoft/attention_parts.h"

#include <algorithm>
#include <cmath>

namespace escuta::ops {

AttentionAttributes::AttentionAttributes(const NodeInfo& node)
    : heads(node.integer("num_heads", 0)),
      mask_value(node.number("mask_filter_value", -10000)),
      scale(node.number("scale", 0)) {
  if (heads <= 0 || heads > kMaxCount) {
    node.fail(invalid_argument("expected num_heads from 1 to {}, found {}", kMaxCount, heads));
    heads = 1;
  }
}

float AttentionAttributes::scale_for(int64_t head_size) const {
  return scale != 0 ? scale : 1 / std::sqrt(static_cast<float>(std::max<int64_t>(head_size, 1)));
}

Result<Heads> add_bias(Call& call, const Heads& heads, int64_t batch, int64_t count, int64_t size,
                       const float* bias) {
  if (bias == nullptr) return heads;
  ASSIGN_OR_RETURN(const Shape shape, shape_of({batch, heads.length, count, size}));
  ASSIGN_OR_RETURN(float* sums, call.scratch_of<float>(shape.count()));
  if (shape.count() == 0) return heads;
  float* dst = sums;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t t = 0; t < heads.length; ++t) {
      for (int64_t h = 0; h < count; ++h, dst += size) {
        const float* src =
            heads.data + b * heads.rows.batch + h * heads.rows.head + t * heads.rows.row;
        for (int64_t i = 0; i < size; ++i) dst[i] = src[i] + bias[h * size + i];
      }
    }
  }
  return heads_inside(sums, heads.length, count * size, size);
}

void CachedHeads::join(float* dst) const {
  if (capacity == 0 || size == 0) return;
  const int64_t kept = buffer.data != nullptr ? std::min(buffer.length, capacity) : 0;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h, dst += capacity * size) {
      for (int64_t t = 0; t < kept; ++t) {
        std::copy_n(
            buffer.data + b * buffer.rows.batch + h * buffer.rows.head + t * buffer.rows.row, size,
            dst + t * size);
      }
      std::fill(dst + kept * size, dst + capacity * size, 0.0f);
      for (int64_t t = 0; t < fresh.length; ++t) {
        std::copy_n(fresh.data + b * fresh.rows.batch + h * fresh.rows.head + t * fresh.rows.row,
                    size, dst + (past + t) * size);
      }
    }
  }
}

Result<const float*> follow_beams(Call& call, size_t table, const float* cache, int64_t batch,
                                  int64_t heads, int64_t past, int64_t capacity, int64_t size) {
  if (!call.has(table)) return cache;
  const Shape& shape = call.shape(table);
  ASSIGN_OR_RETURN(const auto beams_of, elements<int32_t>(call, table));
  if (shape.rank() != 3 || shape[1] == 0 || shape[0] * shape[1] != batch || shape[2] < past) {
    return invalid_argument(
        "expected a table of beams [groups, beams, length] for {} items and {} cached rows, found "
        "{}",
        batch, past, shape.to_string());
  }
  const int64_t beams = shape[1];
  const int64_t item = heads * capacity * size;
  ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(batch * item));
  std::copy_n(cache, batch * item, dst);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t t = 0; t < past; ++t) {
      const int64_t beam = beams_of[static_cast<size_t>(b * shape[2] + t)];
      if (beam < 0 || beam >= beams) {
        return out_of_range("expected beams from 0 to {}, found {}", beams - 1, beam);
      }
      const int64_t from = b / beams * beams + beam;
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t row = (h * capacity + t) * size;
        std::copy_n(cache + from * item + row, size, dst + b * item + row);
      }
    }
  }
  return dst;
}

namespace {

// dst [batch, total]: `value` for the keys before starts[b] (where there are starts) and from
// ends[b] on.
void mask_ranges(std::span<const int32_t> ends, std::span<const int32_t> starts, int64_t total,
                 float value, float* dst) {
  for (size_t b = 0; b < ends.size(); ++b, dst += total) {
    const int64_t end = std::clamp<int64_t>(ends[b], 0, total);
    const int64_t start = starts.empty() ? 0 : std::clamp<int64_t>(starts[b], 0, total);
    std::fill(dst, dst + total, 0.0f);
    std::fill(dst + end, dst + total, value);
    std::fill(dst, dst + start, value);
  }
}

// dst [rows, total]: `value` where the mask is 0. Columns of the mask are the last ones of dst;
// those before are seen.
void mask_rows(const int32_t* mask, int64_t rows, int64_t cols, int64_t step, int64_t total,
               float value, float* dst) {
  for (int64_t r = 0; r < rows; ++r, dst += total) {
    std::fill(dst, dst + total - cols, 0.0f);
    for (int64_t j = 0; j < cols; ++j) dst[total - cols + j] = mask[r * step + j] > 0 ? 0 : value;
  }
}

}  // namespace

Result<Attention::Added> mask_term(Call& call, size_t input, int64_t batch, int64_t queries,
                                   int64_t past, int64_t total, float value) {
  if (!call.has(input)) return Attention::Added{};
  const Shape& shape = call.shape(input);
  ASSIGN_OR_RETURN(const auto mask, elements<int32_t>(call, input));
  const bool square = shape.rank() == 4 && shape[0] == batch && shape[1] == 1 &&
                      shape[2] >= past + queries && shape[3] >= total;
  const bool per_query = square || (shape.rank() == 3 && shape[0] == batch && shape[1] == queries &&
                                    shape[2] == total);
  ASSIGN_OR_RETURN(const Shape result, shape_of({batch, per_query ? queries : 1, total}));
  ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(result.count()));
  const Attention::Added added = {dst, {result[1] * total, 0, per_query ? total : 0}};
  if (result.count() == 0) return added;
  const size_t items = static_cast<size_t>(batch);
  if (square) {
    const int64_t most = shape[3];
    for (int64_t b = 0; b < batch; ++b) {
      mask_rows(mask.data() + (b * shape[2] + past) * most, queries, total, most, total, value,
                dst + b * queries * total);
    }
  } else if (per_query) {
    mask_rows(mask.data(), batch * queries, total, total, total, value, dst);
  } else if (shape.rank() == 2 && shape[0] == batch &&
             (shape[1] == total || shape[1] == total - past)) {
    mask_rows(mask.data(), batch, shape[1], shape[1], total, value, dst);
  } else if (shape.rank() == 1 && (mask.size() == items || mask.size() == 3 * items + 2)) {
    mask_ranges(mask.first(items), {}, total, value, dst);
  } else if (shape.rank() == 1 && mask.size() == 2 * items) {
    mask_ranges(mask.first(items), mask.subspan(items), total, value, dst);
  } else {
    return invalid_argument(
        "expected a mask for {} items, {} queries and {} keys of which {} are cached, found shape "
        "{}",
        batch, queries, total, past, shape.to_string());
  }
  return added;
}

Result<Attention::Added> bias_term(Call& call, size_t input, int64_t batch, int64_t heads,
                                   int64_t queries, int64_t total) {
  if (!call.has(input)) return Attention::Added{};
  const Shape& shape = call.shape(input);
  const bool fits = shape.rank() == 4 && (shape[0] == batch || shape[0] == 1) &&
                    (shape[1] == heads || shape[1] == 1) &&
                    (shape[2] == queries || shape[2] == 1) && shape[3] >= total;
  if (!fits) {
    return invalid_argument(
        "expected an attention bias of shape [{} or 1, {} or 1, {}, {}], found {}", batch, heads,
        queries, total, shape.to_string());
  }
  ASSIGN_OR_RETURN(const float* data, floats(call, input));
  Attention::Added added = {data, {}};
  if (shape[0] != 1) added.rows.batch = shape[1] * shape[2] * shape[3];
  if (shape[1] != 1) added.rows.head = shape[2] * shape[3];
  if (shape[2] != 1) added.rows.row = shape[3];
  return added;
}

Result<int64_t> count_input(const Call& call, size_t input, int64_t absent, int64_t most) {
  if (!call.has(input)) return absent;
  const Datum& datum = call.input(input);
  const bool is_int64 = datum.dtype() == DType::kInt64;
  if (!datum.is_tensor() || datum.count() != 1 || (!is_int64 && datum.dtype() != DType::kInt32)) {
    return invalid_argument("expected one integer as input {}, found {} {}", input,
                            dtype_name(datum.dtype()), datum.shape().to_string());
  }
  const int64_t value = is_int64 ? datum.as<int64_t>()[0] : datum.as<int32_t>()[0];
  if (value < 0 || value > most) {
    return invalid_argument("expected a number from 0 to {} as input {}, found {}", most, input,
                            value);
  }
  return value;
}

}  // namespace escuta::ops
