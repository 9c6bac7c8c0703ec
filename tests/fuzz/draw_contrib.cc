// Operators of com.microsoft.
#include "draws.h"

namespace escuta::fuzz {

bool contrib_unary(Builder& b, const Entry& e) { return emit(b, e, {b.filled(e.types).name}); }

bool bias_gelu(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3, {-50, 50});
  std::vector<std::string> inputs = {x.name};
  if (e.op == "BiasGelu" || b.coin()) inputs.push_back(b.fresh(x.dtype(), {x.dims().back()}).name);
  return emit(b, e, inputs);
}

bool skip_norm(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const int64_t batch = 1 + b.pick(2), length = 1 + b.pick(3), width = 1 + b.pick(9);
  const Made x = b.like(t, {batch, length, width});
  const Made skip = b.like(t, b.rarely() ? Dims{1, length, width} : Dims{batch, length, width});
  std::vector<std::string> inputs = {x.name, skip.name, b.fresh(t, {width}).name};
  const bool simple = e.op == "SkipSimplifiedLayerNormalization";
  if (!simple && b.coin()) inputs.push_back(b.fresh(t, {width}).name);
  if (b.coin()) {
    if (!simple && inputs.size() == 3) inputs.push_back("");
    inputs.push_back(b.fresh(t, {width}).name);
  }
  Node node{e.op, e.domain, inputs, 4, {attr("epsilon", 1e-3)}, e.rule, {}, {}};
  node.wanted = {true, false, false, b.coin()};
  if (!node.wanted[3]) node.outputs = 1, node.wanted.clear();
  return b.put(std::move(node));
}

bool fused_matmul(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const bool turn_a = b.coin(), turn_b = b.coin();
  const int64_t m = 1 + b.pick(5), k = 1 + b.pick(9), n = 1 + b.pick(6), batch = 1 + b.pick(3);
  const Dims left = turn_a ? Dims{batch, k, m} : Dims{batch, m, k};
  Dims right = turn_b ? Dims{n, k} : Dims{k, n};
  if (b.coin()) right.insert(right.begin(), batch);
  return emit(b, e, {b.like(t, left).name, b.like(t, right).name},
              {attr("transA", turn_a), attr("transB", turn_b), attr("alpha", b.real(0.2, 1.5))});
}

bool fused_gemm(Builder& b, const Entry& e) {
  const int64_t m = 1 + b.pick(5), k = 1 + b.pick(9), n = 1 + b.pick(6);
  const Made x = b.like(DType::kFloat, {m, k});
  return emit(
      b, e, {x.name, b.fresh(DType::kFloat, {n, k}).name, b.fresh(DType::kFloat, {n}).name},
      {attr("transB", 1), attr("activation", b.one_of<std::string>({"Relu", "Tanh", "Sigmoid"}))});
}

bool fused_conv(Builder& b, const Entry& e) {
  const int64_t channels = 1 + b.pick(3), out = 1 + b.pick(4), kernel = 1 + b.pick(3);
  const Made x = b.like(DType::kFloat, {1 + b.pick(2), channels, 5, 4});
  std::vector<std::string> inputs = {
      x.name, b.constant(DType::kFloat, {out, channels, kernel, kernel}).name,
      b.constant(DType::kFloat, {out}).name};
  const std::string activation = b.one_of<std::string>({"Relu", "Tanh", "Sigmoid", "LeakyRelu"});
  Attributes attributes = {attr("activation", activation)};
  if (activation == "LeakyRelu") {
    attributes.push_back(attr("activation_params", std::vector<float>{0.1f}));
  }
  return emit(b, e, inputs, attributes);
}

bool multi_head_attention(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), heads = 1 + b.pick(3), size = b.one_of({1, 4, 8});
  const int64_t length = 1 + b.pick(4);
  const bool past = b.coin(), crossed = !past && b.coin();
  const int64_t keys = crossed ? 1 + b.pick(5) : length, before = past ? 1 + b.pick(4) : 0;
  const int64_t hidden = heads * size;
  const DType t = DType::kFloat;
  std::vector<std::string> inputs = {b.like(t, {batch, length, hidden}).name};
  if (crossed && b.coin()) {
    inputs.push_back(b.like(t, {batch, heads, keys, size}).name);
    inputs.push_back(b.like(t, {batch, heads, keys, size}).name);
  } else {
    inputs.push_back(b.like(t, {batch, keys, hidden}).name);
    inputs.push_back(b.like(t, {batch, keys, hidden}).name);
  }
  inputs.push_back(b.coin() ? "" : b.fresh(t, {3 * hidden}).name);
  inputs.push_back("");
  inputs.push_back(
      b.coin() ? "" : b.fresh(t, {b.coin() ? 1 : batch, heads, length, before + keys}).name);
  Attributes attributes = {attr("num_heads", heads)};
  if (past) {
    for (int i = 0; i < 2; ++i) inputs.push_back(b.like(t, {batch, heads, before, size}).name);
    if (b.coin()) attributes.push_back(attr("unidirectional", 1));
  }
  if (b.coin()) attributes.push_back(attr("scale", b.real(0.2, 1)));
  while (inputs.back().empty()) inputs.pop_back();
  return emit(b, e, inputs, attributes, past ? 3 : 1);
}

bool self_attention(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), heads = 1 + b.pick(2), size = 1 + b.pick(4);
  const int64_t length = 1 + b.pick(4), depth = 1 + b.pick(6),
                before = b.coin() ? 1 + b.pick(3) : 0;
  const DType t = DType::kFloat;
  std::vector<std::string> inputs = {b.like(t, {batch, length, depth}).name,
                                     b.fresh(t, {depth, 3 * heads * size}).name,
                                     b.fresh(t, {3 * heads * size}).name};
  if (before > 0) {
    inputs.push_back("");
    inputs.push_back(b.fresh(t, {2, batch, heads, before, size}).name);
  }
  return emit(b, e, inputs, {attr("num_heads", heads), attr("unidirectional", b.coin())},
              before > 0 ? 2 : 1);
}

bool group_query_attention(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), kv_heads = 1 + b.pick(2), heads = kv_heads * (1 + b.pick(2));
  const int64_t size = b.one_of({16, 32}), before = b.coin() ? 1 + b.pick(4) : 0;
  const int64_t length = before > 0 ? 1 : 1 + b.pick(4), all = before + length;
  const DType t = DType::kFloat;
  std::vector<std::string> inputs = {b.like(t, {batch, length, heads * size}).name,
                                     b.like(t, {batch, length, kv_heads * size}).name,
                                     b.like(t, {batch, length, kv_heads * size}).name};
  for (int i = 0; i < 2; ++i) {
    inputs.push_back(before == 0 ? "" : b.fresh(t, {batch, kv_heads, before, size}).name);
  }
  inputs.push_back(b.ints32(std::vector<int64_t>(static_cast<size_t>(batch), all - 1)));
  inputs.push_back(b.scalar32(all));
  const bool rotates = b.coin();
  for (int i = 0; rotates && i < 2; ++i) {
    inputs.push_back(b.fresh(t, {all + 3, size / 2}, {-1, 1}).name);
  }
  Attributes attributes = {attr("num_heads", heads), attr("kv_num_heads", kv_heads),
                           attr("do_rotary", rotates)};
  if (b.coin()) attributes.push_back(attr("rotary_interleaved", b.coin()));
  if (b.rarely()) attributes.push_back(attr("local_window_size", 2));
  return emit(b, e, inputs, attributes, 3);
}

bool contrib_rotary(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(2), heads = 1 + b.pick(3), length = 1 + b.pick(4);
  const int64_t half = 1 + b.pick(4), rows = length + b.pick(3);
  const DType t = DType::kFloat;
  const bool flat = b.coin();
  const Made x = b.like(
      t, flat ? Dims{batch, length, heads * 2 * half} : Dims{batch, heads, length, 2 * half});
  const Made places = b.coin() ? b.constant(b.datum_of(DType::kInt64, {1}, {0.0}))
                               : b.constant(b.random_datum(DType::kInt64, {batch, length},
                                                           {0, static_cast<double>(rows) - 1}));
  return emit(b, e,
              {x.name, places.name, b.fresh(t, {rows, half}, {-1, 1}).name,
               b.fresh(t, {rows, half}, {-1, 1}).name},
              {attr("interleaved", b.coin())});
}

// ONNX Runtime takes |x|^2 + |y|^2 - 2 xy, which is all rounding for points that are close.
bool cdist(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const int64_t width = 1 + b.pick(5);
  const Made x = b.fresh(t, {1 + b.pick(4), width}, {-2, -0.5});
  const Made y = b.fresh(t, {1 + b.pick(4), width}, {0.5, 2});
  return emit(b, e, {x.name, y.name}, {attr("metric", b.coin() ? "euclidean" : "sqeuclidean")});
}

bool expand_dims(Builder& b, const Entry& e) {
  const Made x = b.operand(e.types, 0, 4);
  return emit(b, e, {x.name, b.scalar32(b.pick(x.rank() + 1))});
}

bool inverse(Builder& b, const Entry& e) {
  const int64_t n = 1 + b.pick(3);
  const Made x = b.fresh(b.one_of(e.types), {1 + b.pick(2), n, n});
  return emit(b, e, {x.name});
}

}  // namespace escuta::fuzz
