#include "ops/microsoft/packed_sequences.h"

namespace escuta::ops {

Status PackedSequences::run(Call& call, const AttentionAttributes& attributes) const {
  RETURN_IF_ERROR(expect_shape(call, offsets, "token_offset", {-1, -1}));
  const int64_t batch = call.shape(offsets)[0], longest = call.shape(offsets)[1];
  RETURN_IF_ERROR(expect_shape(call, ends, "cumulative_sequence_length", {batch + 1}));
  ASSIGN_OR_RETURN(const auto bounds, elements<int32_t>(call, ends));
  ASSIGN_OR_RETURN(const auto bias,
                   bias_term(call, attention_bias, batch, attributes.heads, longest, longest));
  ASSIGN_OR_RETURN(const Shape shape, shape_of({tokens, attributes.heads * value_size}));
  ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(0), shape));
  ASSIGN_OR_RETURN(float* row, call.scratch_of<float>(longest));
  std::fill_n(output.data(), output.count(), 0.0f);
  Attention one;
  one.heads = one.kv_heads = attributes.heads;
  one.head_size = head_size;
  one.value_size = value_size;
  one.q_rows = q.rows;
  one.k_rows = k.rows;
  one.v_rows = v.rows;
  one.dst_rows = heads_inside(nullptr, tokens, shape[1], value_size).rows;
  one.scale = attributes.scale_for(head_size);
  for (int64_t b = 0; b < batch && output.count() > 0; ++b) {
    const int64_t first = bounds[static_cast<size_t>(b)];
    const int64_t end = bounds[static_cast<size_t>(b) + 1];
    if (first < 0 || end < first || end > tokens || end - first > longest) {
      return invalid_argument("expected sequences of up to {} among {} tokens, found {} to {}",
                              longest, tokens, first, end);
    }
    one.queries = one.keys = end - first;
    one.q = q.data + first * q.rows.row;
    one.k = k.data + first * k.rows.row;
    one.v = v.data + first * v.rows.row;
    one.dst = output.data() + first * one.dst_rows.row;
    if (bias.data != nullptr) one.added[0] = {bias.data + b * bias.rows.batch, bias.rows};
    RETURN_IF_ERROR(run_attention(call, one, row));
  }
  output.store();
  return {};
}

}  // namespace escuta::ops
