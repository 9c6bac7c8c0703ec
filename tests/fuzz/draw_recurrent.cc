// Recurrent operators and attention of ai.onnx.
#include "draws.h"

namespace escuta::fuzz {

bool recurrent(Builder& b, const Entry& e) {
  const int64_t gates = e.op == "LSTM" ? 4 : e.op == "GRU" ? 3 : 1;
  const int64_t steps = 1 + b.pick(4), batch = 1 + b.pick(3), width = 1 + b.pick(5),
                hidden = 1 + b.pick(5);
  const std::string direction = b.one_of<std::string>({"forward", "reverse", "bidirectional"});
  const int64_t ways = direction == "bidirectional" ? 2 : 1;
  const DType t = DType::kFloat;
  std::vector<std::string> inputs = {b.like(t, {steps, batch, width}).name,
                                     b.fresh(t, {ways, gates * hidden, width}).name,
                                     b.fresh(t, {ways, gates * hidden, hidden}, {-1, 1}).name};
  inputs.push_back(b.coin() ? "" : b.fresh(t, {ways, 2 * gates * hidden}).name);
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < batch; ++i) lengths.push_back(1 + b.pick(static_cast<int>(steps)));
  inputs.push_back(b.coin() ? "" : b.ints32(lengths));
  inputs.push_back(b.coin() ? "" : b.fresh(t, {ways, batch, hidden}, {-1, 1}).name);
  if (e.op == "LSTM") {
    inputs.push_back(b.coin() ? "" : b.fresh(t, {ways, batch, hidden}, {-1, 1}).name);
    if (b.rarely()) inputs.push_back(b.fresh(t, {ways, 3 * hidden}).name);
  }
  while (inputs.back().empty()) inputs.pop_back();
  Attributes attributes = {attr("hidden_size", hidden), attr("direction", direction)};
  if (e.op == "GRU") attributes.push_back(attr("linear_before_reset", b.coin()));
  if (b.rarely()) attributes.push_back(attr("clip", 0.7));
  if (b.rarely() && e.op == "RNN") {
    attributes.push_back(
        attr("activations", std::vector<std::string>(static_cast<size_t>(ways), "Relu")));
  }
  return emit(b, e, inputs, attributes, e.op == "LSTM" ? 3 : 2);
}

bool attention(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), kv_heads = 1 + b.pick(2);
  const int64_t heads = kv_heads * (1 + b.pick(2)), length = 1 + b.pick(4), keys = 1 + b.pick(5);
  const int64_t size = 1 + b.pick(8), values = b.coin() ? size : 1 + b.pick(6);
  const DType t = b.one_of(e.types);
  const bool flat = b.coin();
  const auto place = [&](int64_t h, int64_t rows, int64_t d) {
    return flat ? Dims{batch, rows, h * d} : Dims{batch, h, rows, d};
  };
  std::vector<std::string> inputs = {b.like(t, place(heads, length, size)).name,
                                     b.like(t, place(kv_heads, keys, size)).name,
                                     b.like(t, place(kv_heads, keys, values)).name};
  Attributes attributes;
  if (flat) attributes = {attr("q_num_heads", heads), attr("kv_num_heads", kv_heads)};
  const bool past = b.pick(3) == 0;
  const int64_t before = past ? 1 + b.pick(3) : 0, all = before + keys;
  if (b.coin()) {
    inputs.push_back(b.fresh(t, b.coin() ? Dims{length, all} : Dims{batch, 1, length, all}).name);
  } else {
    inputs.push_back("");
  }
  if (past) {
    inputs.push_back(b.fresh(t, {batch, kv_heads, before, size}).name);
    inputs.push_back(b.fresh(t, {batch, kv_heads, before, values}).name);
  }
  if (b.coin()) attributes.push_back(attr("scale", b.real(0.2, 1)));
  // The triangle begins behind the past; in ONNX Runtime 1.31.1 at its beginning.
  const bool causal = b.coin() && keys >= length && !(past && b.for_ort());
  if (causal) attributes.push_back(attr("is_causal", b.coin()));
  if (b.rarely()) attributes.push_back(attr("softcap", 3.0));
  while (inputs.back().empty()) inputs.pop_back();
  return emit(b, e, inputs, attributes, past ? 3 : 1);
}

bool rotary(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), heads = 1 + b.pick(3), length = 1 + b.pick(4);
  const int64_t half = 1 + b.pick(3), rows = length + b.pick(3);
  const DType t = b.one_of(e.types);
  const bool flat = b.coin(), places = b.coin();
  const Made x = b.like(
      t, flat ? Dims{batch, length, heads * 2 * half} : Dims{batch, heads, length, 2 * half});
  const Dims table = places ? Dims{rows, half} : Dims{batch, length, half};
  std::vector<std::string> inputs = {x.name, b.fresh(t, table, {-1, 1}).name,
                                     b.fresh(t, table, {-1, 1}).name};
  if (places) {
    inputs.push_back(b.constant(b.random_datum(DType::kInt64, {batch, length},
                                               {0, static_cast<double>(rows) - 1}))
                         .name);
  }
  Attributes attributes = {attr("interleaved", b.coin())};
  if (flat) attributes.push_back(attr("num_heads", heads));
  return emit(b, e, inputs, attributes);
}

}  // namespace escuta::fuzz
