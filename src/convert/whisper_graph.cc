#include "convert/whisper_graph.h"

#include <cmath>

namespace escuta::convert {
namespace {

// torch.nn.LayerNorm's default, which openai/whisper and CTranslate2 use.
constexpr float kLayerNormEpsilon = 1e-5F;
// Added to the score of a position that must not be seen. Float16's lowest value: after the
// softmax it is zero in either type, and it never makes a NaN of a row, as -infinity can.
constexpr float kMasked = -65504;

const std::string kBatch = "batch_size";
const std::string kSequence = "decoder_sequence_length";
const std::string kPast = "past_decoder_sequence_length";
const std::string kPresent = kPast + " + " + kSequence;
const std::string kEncoderPositions = "encoder_sequence_length_out";

// What one projection is called in the graph and where it is in the checkpoint: rows
// [first_row, first_row + rows) of a [source_rows, columns] weight and of its bias.
struct Linear {
  std::string path;      // "decoder.layers.0.self_attn.q_proj"
  std::string variable;  // "decoder/layer_0/self_attention/linear_0"
  int64_t source_rows, columns;
  int64_t first_row, rows;
  float scale = 1;
  bool bias = true;
};

// Queries, keys and values: [B, H, rows, D] each; keys transposed to [B, H, D, rows].
struct Heads {
  Value query, key_transposed, value;
};

class Transformer {
 public:
  Transformer(GraphBuilder& graph, int64_t d_model, int64_t heads)
      : graph_(graph), d_model_(d_model), heads_(heads) {}

  Value linear(const Value& x, const Linear& l) {
    const Value weight = graph_.weight(l.path + ".weight", {l.variable + "/weight",
                                                            {l.source_rows, l.columns},
                                                            l.first_row,
                                                            l.rows,
                                                            /*transpose=*/true,
                                                            l.scale});
    const Value product = graph_.op("MatMul", {x, weight}, l.path + "/product");
    if (!l.bias) return product;
    const Value bias = graph_.weight(
        l.path + ".bias",
        {l.variable + "/bias", {l.source_rows}, l.first_row, l.rows, /*transpose=*/false, l.scale});
    return graph_.op("Add", {product, bias}, l.path + "/sum");
  }

  Value layer_norm(const Value& x, const std::string& path, const std::string& variable) {
    const Value gamma = graph_.weight(path + ".weight", {variable + "/gamma", {d_model_}});
    const Value beta = graph_.weight(path + ".bias", {variable + "/beta", {d_model_}});
    return graph_.op("LayerNormalization", {x, gamma, beta}, path + "/normalized",
                     {int_attribute("axis", -1), float_attribute("epsilon", kLayerNormEpsilon)});
  }

  // x + linear_1(gelu(linear_0(norm(x))))
  Value feed_forward(const Value& x, const std::string& path, const std::string& variable,
                     int64_t size) {
    Value y = layer_norm(x, path + ".final_layer_norm", variable + "/layer_norm");
    y = linear(y, {path + ".fc1", variable + "/linear_0", size, d_model_, 0, size});
    y = graph_.gelu(y, path + ".fc1/gelu");
    y = linear(y, {path + ".fc2", variable + "/linear_1", d_model_, size, 0, d_model_});
    return graph_.op("Add", {x, y}, path + "/feed_forward");
  }

  // The query is scaled here rather than the scores: folded into its weights it costs nothing,
  // and 1/sqrt(64) is a power of two, which is exact.
  Linear query(const std::string& path, const std::string& variable, int64_t source_rows) const {
    const float scale = 1.0F / std::sqrt(static_cast<float>(d_model_ / heads_));
    return {path + ".q_proj", variable, source_rows, d_model_, 0, d_model_, scale};
  }
  // Whisper's keys have no bias; CTranslate2 stores zeros for it.
  Linear key(const std::string& path, const std::string& variable, int64_t source_rows,
             int64_t first_row) const {
    return {path + ".k_proj", variable, source_rows, d_model_, first_row, d_model_, 1, false};
  }
  Linear value(const std::string& path, const std::string& variable, int64_t source_rows,
               int64_t first_row) const {
    return {path + ".v_proj", variable, source_rows, d_model_, first_row, d_model_};
  }
  Linear out(const std::string& path, const std::string& variable) const {
    return {path + ".out_proj", variable, d_model_, d_model_, 0, d_model_};
  }

  // [B, rows, M] -> [B, H, rows, D], or as `perm` of [B, rows, H, D] says. The shape of the
  // reshape is constant: 0 keeps a dimension.
  Value split_heads(const Value& x, const std::string& result,
                    std::vector<int64_t> perm = {0, 2, 1, 3}) {
    const Value split = graph_.op("Reshape", {x, graph_.ints({0, 0, heads_, d_model_ / heads_})},
                                  result + "/split");
    return graph_.transpose(split, std::move(perm), result);
  }

  // softmax(Q K^T + mask) V -> [B, rows, M]; no mask: "".
  Value attend(const Heads& h, const Value& mask, const std::string& path) {
    Value scores = graph_.op("MatMul", {h.query, h.key_transposed}, path + "/scores");
    if (!mask.empty()) scores = graph_.op("Add", {scores, mask}, path + "/masked_scores");
    const Value weights =
        graph_.op("Softmax", {scores}, path + "/weights", {int_attribute("axis", -1)});
    const Value heads = graph_.op("MatMul", {weights, h.value}, path + "/heads");
    const Value rows = graph_.transpose(heads, {0, 2, 1, 3}, path + "/rows");
    return graph_.op("Reshape", {rows, graph_.ints({0, 0, d_model_})}, path + "/joined");
  }

 private:
  GraphBuilder& graph_;
  int64_t d_model_, heads_;
};

// "past_key_values.0.decoder.key" and "present.0.decoder.key".
std::string past(int64_t layer, const std::string& which) {
  return fmt::format("past_key_values.{}.{}", layer, which);
}
std::string present(int64_t layer, const std::string& which) {
  return fmt::format("present.{}.{}", layer, which);
}

// The nodes of one part of the decoder.
class Decoder {
 public:
  Decoder(const WhisperSizes& sizes, DecoderPart part, GraphBuilder& graph)
      : sizes_(sizes),
        first_(part == DecoderPart::kFirst),
        graph_(graph),
        blocks_(graph, sizes.d_model, sizes.decoder_heads) {}

  void build();

 private:
  struct Input {
    Value embedded;  // [B, S, M]
    Value mask;      // [S, P + S]
  };
  Input embed();
  Value self_attention(const Value& x, const Value& mask, int64_t layer);
  Value cross_attention(const Value& x, int64_t layer);
  void logits(const Value& x);
  const WhisperSizes& sizes_;
  const bool first_;
  GraphBuilder& graph_;
  Transformer blocks_;
};

std::vector<onnx::DimDef> cache_dims(const WhisperSizes& sizes, const std::string& rows) {
  return {kBatch, sizes.decoder_heads, rows, sizes.d_model / sizes.decoder_heads};
}

// kMasked above the diagonal, 0 elsewhere, [positions, positions]: one constant from which every
// step cuts rows P to P + S and columns 0 to P + S.
std::vector<float> causal_mask(int64_t positions) {
  std::vector<float> mask(static_cast<size_t>(positions * positions), 0);
  for (int64_t row = 0; row < positions; ++row) {
    for (int64_t column = row + 1; column < positions; ++column) {
      mask[static_cast<size_t>(row * positions + column)] = kMasked;
    }
  }
  return mask;
}

Decoder::Input Decoder::embed() {
  const int64_t positions = sizes_.target_positions;
  const Value tokens = graph_.weight("decoder.embed_tokens.weight",
                                     {"decoder/embeddings/weight", {sizes_.vocab, sizes_.d_model}});
  const Value encodings =
      graph_.weight("decoder.embed_positions.weight",
                    {"decoder/position_encodings/encodings", {positions, sizes_.d_model}});
  const Value mask =
      graph_.floats("decoder.causal_mask", {positions, positions}, causal_mask(positions));

  // The new tokens are positions [begin, end) of the text.
  const Value count = graph_.shape_of("input_ids", 1, 2, "positions/count");
  Value begin = graph_.ints({0}), end = count;
  if (!first_) {
    begin = graph_.shape_of(past(0, "decoder.key"), 2, 3, "positions/begin");
    end = graph_.op("Add", {begin, count}, "positions/end");
  }
  const Value corner =
      graph_.op("Concat", {begin, graph_.ints({0})}, "mask/begin", {int_attribute("axis", 0)});
  const Value opposite = graph_.op("Concat", {end, end}, "mask/end", {int_attribute("axis", 0)});

  const Value embedded = graph_.op("Gather", {tokens, "input_ids"}, "embed_tokens");
  const Value encoding =
      graph_.op("Slice", {encodings, begin, end, graph_.ints({0})}, "embed_positions");
  return {graph_.op("Add", {embedded, encoding}, "embedded"),
          graph_.op("Slice", {mask, corner, opposite, graph_.ints({0, 1})}, "mask")};
}

Value Decoder::self_attention(const Value& x, const Value& mask, int64_t layer) {
  const std::string path = fmt::format("decoder.layers.{}.self_attn", layer);
  const std::string variable = fmt::format("decoder/layer_{}/self_attention", layer);
  const std::string in = variable + "/linear_0";
  const int64_t m = sizes_.d_model;
  const Value y = blocks_.layer_norm(x, path + "_layer_norm", variable + "/layer_norm");
  const Value query =
      blocks_.split_heads(blocks_.linear(y, blocks_.query(path, in, 3 * m)), path + "/query");

  // The new rows are the present ones, or are appended to the past ones.
  const auto rows = [&](const Linear& projection, const std::string& which) {
    const std::string name = present(layer, "decoder." + which);
    const Value fresh =
        blocks_.split_heads(blocks_.linear(y, projection), first_ ? name : path + "/new_" + which);
    if (first_) return fresh;
    return graph_.op("Concat", {past(layer, "decoder." + which), fresh}, name,
                     {int_attribute("axis", 2)});
  };
  const Value key = rows(blocks_.key(path, in, 3 * m, m), "key");
  const Value value = rows(blocks_.value(path, in, 3 * m, 2 * m), "value");
  const Value key_transposed = graph_.transpose(key, {0, 1, 3, 2}, path + "/key_transposed");

  const Value joined = blocks_.attend({query, key_transposed, value}, mask, path);
  const Value out = blocks_.linear(joined, blocks_.out(path, variable + "/linear_1"));
  return graph_.op("Add", {x, out}, path + "/residual");
}

Value Decoder::cross_attention(const Value& x, int64_t layer) {
  const std::string path = fmt::format("decoder.layers.{}.encoder_attn", layer);
  const std::string variable = fmt::format("decoder/layer_{}/attention", layer);
  const std::string in = variable + "/linear_1";
  const int64_t m = sizes_.d_model;
  const Value y = blocks_.layer_norm(x, path + "_layer_norm", variable + "/layer_norm");
  const Value query = blocks_.split_heads(
      blocks_.linear(y, blocks_.query(path, variable + "/linear_0", m)), path + "/query");

  Value key = past(layer, "encoder.key"), value = past(layer, "encoder.value");
  if (first_) {
    key = blocks_.split_heads(
        blocks_.linear("encoder_hidden_states", blocks_.key(path, in, 2 * m, 0)),
        present(layer, "encoder.key"));
    value = blocks_.split_heads(
        blocks_.linear("encoder_hidden_states", blocks_.value(path, in, 2 * m, m)),
        present(layer, "encoder.value"));
  }
  const Value key_transposed = graph_.transpose(key, {0, 1, 3, 2}, path + "/key_transposed");
  const Value joined = blocks_.attend({query, key_transposed, value}, "", path);
  const Value out = blocks_.linear(joined, blocks_.out(path, variable + "/linear_2"));
  return graph_.op("Add", {x, out}, path + "/residual");
}

// The embedding a second time, transposed: docs/adr/0005-embedding-stored-twice.md.
void Decoder::logits(const Value& x) {
  const std::string variable =
      sizes_.own_projection ? "decoder/projection/weight" : "decoder/embeddings/weight";
  const Value weight = graph_.weight(
      "proj_out.weight", {variable, {sizes_.vocab, sizes_.d_model}, 0, 0, /*transpose=*/true});
  if (graph_.dtype() == DType::kFloat) {
    graph_.op("MatMul", {x, weight}, "logits");
  } else {
    graph_.cast(graph_.op("MatMul", {x, weight}, "proj_out"), DType::kFloat, "logits");
  }
}

void Decoder::build() {
  const Input input = embed();
  Value x = input.embedded;
  for (int64_t layer = 0; layer < sizes_.decoder_layers; ++layer) {
    x = self_attention(x, input.mask, layer);
    x = cross_attention(x, layer);
    x = blocks_.feed_forward(x, fmt::format("decoder.layers.{}", layer),
                             fmt::format("decoder/layer_{}/ffn", layer), sizes_.decoder_ffn);
  }
  logits(blocks_.layer_norm(x, "decoder.layer_norm", "decoder/layer_norm"));
}

// present.N.decoder.{key,value} hold `rows` rows; with `encoder_rows`, present.N.encoder.* follow.
void decoder_outputs(const WhisperSizes& sizes, const std::string& rows,
                     const std::vector<onnx::DimDef>* encoder_dims, GraphBuilder& graph) {
  graph.output("logits", DType::kFloat, {kBatch, kSequence, sizes.vocab});
  for (int64_t layer = 0; layer < sizes.decoder_layers; ++layer) {
    for (const char* what : {"decoder.key", "decoder.value"}) {
      graph.output(present(layer, what), graph.dtype(), cache_dims(sizes, rows));
    }
    if (encoder_dims == nullptr) continue;
    for (const char* what : {"encoder.key", "encoder.value"}) {
      graph.output(present(layer, what), graph.dtype(), *encoder_dims);
    }
  }
}

void past_inputs(const WhisperSizes& sizes, GraphBuilder& graph) {
  for (int64_t layer = 0; layer < sizes.decoder_layers; ++layer) {
    for (const char* what : {"decoder.key", "decoder.value"}) {
      graph.input(past(layer, what), graph.dtype(), cache_dims(sizes, kPast));
    }
    for (const char* what : {"encoder.key", "encoder.value"}) {
      graph.input(past(layer, what), graph.dtype(), cache_dims(sizes, kEncoderPositions));
    }
  }
}

void token_input(GraphBuilder& graph) {
  graph.input("input_ids", DType::kInt64, {kBatch, kSequence});
}

void encoder_states_input(const WhisperSizes& sizes, GraphBuilder& graph) {
  graph.input("encoder_hidden_states", graph.dtype(),
              {kBatch, "encoder_sequence_length / 2", sizes.d_model});
}

// What optimum's merged decoders return for encoder keys and values that are not computed anew.
void empty_encoder_outputs(const WhisperSizes& sizes, const std::vector<onnx::DimDef>& dims,
                           GraphBuilder& graph) {
  onnx::TensorDef empty;
  empty.dtype = graph.dtype();
  for (const onnx::DimDef& dim : dims) empty.dims.push_back(std::get<int64_t>(dim));
  for (int64_t layer = 0; layer < sizes.decoder_layers; ++layer) {
    for (const char* what : {"encoder.key", "encoder.value"}) {
      graph.op("Constant", {}, present(layer, what), {tensor_attribute("value", empty)});
    }
  }
}

}  // namespace

void build_encoder(const WhisperSizes& sizes, GraphBuilder& graph) {
  const int64_t m = sizes.d_model;
  Transformer blocks(graph, m, sizes.encoder_heads);
  graph.input("input_features", DType::kFloat, {kBatch, sizes.n_mels, sizes.mel_frames()});
  graph.output("last_hidden_state", graph.dtype(), {kBatch, sizes.source_positions, m});

  Value x = "input_features";
  if (graph.dtype() != DType::kFloat) x = graph.cast(x, graph.dtype(), "features");
  for (const int64_t i : {1, 2}) {
    const std::string path = fmt::format("encoder.conv{}", i);
    const std::string variable = fmt::format("encoder/conv{}", i);
    const Value weight =
        graph.weight(path + ".weight", {variable + "/weight", {m, i == 1 ? sizes.n_mels : m, 3}});
    const Value bias = graph.weight(path + ".bias", {variable + "/bias", {m}});
    x = graph.op("Conv", {x, weight, bias}, path + "/sum",
                 {ints_attribute("kernel_shape", {3}), ints_attribute("pads", {1, 1}),
                  ints_attribute("strides", {i})});
    x = graph.gelu(x, path + "/gelu");
  }
  x = graph.transpose(x, {0, 2, 1}, "encoder/frames");
  const Value positions =
      graph.weight("encoder.embed_positions.weight",
                   {"encoder/position_encodings/encodings", {sizes.source_positions, m}});
  x = graph.op("Add", {x, positions}, "encoder/embedded");
  for (int64_t layer = 0; layer < sizes.encoder_layers; ++layer) {
    const std::string layer_path = fmt::format("encoder.layers.{}", layer);
    const std::string layer_variable = fmt::format("encoder/layer_{}", layer);
    const std::string path = layer_path + ".self_attn";
    const std::string variable = layer_variable + "/self_attention";
    const std::string in = variable + "/linear_0";
    const Value y = blocks.layer_norm(x, path + "_layer_norm", variable + "/layer_norm");
    const Heads heads = {
        blocks.split_heads(blocks.linear(y, blocks.query(path, in, 3 * m)), path + "/query"),
        blocks.split_heads(blocks.linear(y, blocks.key(path, in, 3 * m, m)), path + "/key",
                           {0, 2, 3, 1}),
        blocks.split_heads(blocks.linear(y, blocks.value(path, in, 3 * m, 2 * m)),
                           path + "/value")};
    const Value joined = blocks.attend(heads, "", path);
    const Value out = blocks.linear(joined, blocks.out(path, variable + "/linear_1"));
    x = graph.op("Add", {x, out}, path + "/residual");
    x = blocks.feed_forward(x, layer_path, layer_variable + "/ffn", sizes.encoder_ffn);
  }
  const Value gamma = graph.weight("encoder.layer_norm.weight", {"encoder/layer_norm/gamma", {m}});
  const Value beta = graph.weight("encoder.layer_norm.bias", {"encoder/layer_norm/beta", {m}});
  graph.op("LayerNormalization", {x, gamma, beta}, "last_hidden_state",
           {int_attribute("axis", -1), float_attribute("epsilon", kLayerNormEpsilon)});
}

void build_decoder(const WhisperSizes& sizes, DecoderPart part, GraphBuilder& graph) {
  token_input(graph);
  Decoder(sizes, part, graph).build();
  if (part == DecoderPart::kFirst) {
    encoder_states_input(sizes, graph);
    const auto encoder_dims = cache_dims(sizes, kEncoderPositions);
    decoder_outputs(sizes, kSequence, &encoder_dims, graph);
  } else {
    past_inputs(sizes, graph);
    decoder_outputs(sizes, kPresent, nullptr, graph);
  }
}

void build_merged_decoder(const WhisperSizes& sizes, GraphBuilder& graph) {
  const auto encoder_dims = cache_dims(sizes, kEncoderPositions);
  GraphBuilder first = graph.branch("first/");
  Decoder(sizes, DecoderPart::kFirst, first).build();
  decoder_outputs(sizes, kSequence, &encoder_dims, first);

  const std::vector<onnx::DimDef> empty_dims = {0, sizes.decoder_heads, 1,
                                                sizes.d_model / sizes.decoder_heads};
  GraphBuilder next = graph.branch("with_past/");
  Decoder(sizes, DecoderPart::kWithPast, next).build();
  empty_encoder_outputs(sizes, empty_dims, next);
  decoder_outputs(sizes, kPresent, &empty_dims, next);

  token_input(graph);
  encoder_states_input(sizes, graph);
  past_inputs(sizes, graph);
  graph.input("use_cache_branch", DType::kBool, {1});
  decoder_outputs(sizes, kPresent, &encoder_dims, graph);
  graph.choose("use_cache_branch", next, first);
}

}  // namespace escuta::convert
