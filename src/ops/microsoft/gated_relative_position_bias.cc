// GatedRelativePositionBias (com.microsoft 1): a bias of positions times a gate that each query
// computes from itself (Chen et al.: "WavLM", 2022; Chi et al.: "XLM-E", 2021).
#include <cmath>

#include "ops/microsoft/attention_parts.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kQuery, kQueryBias, kPositions, kWeight, kBias, kEcoA, kOffsets };

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

class GatedRelativePositionBias final : public Kernel {
 public:
  explicit GatedRelativePositionBias(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Sizes sizes, measure(call));
    ASSIGN_OR_RETURN(const float* query, unpack(call, sizes));
    const float* in[5];
    for (const size_t i : {kQueryBias, kPositions, kWeight, kBias, kEcoA}) {
      ASSIGN_OR_RETURN(in[i - 1], floats(call, i));
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     shape_of({sizes.batch, attributes_.heads, sizes.length, sizes.length}));
    ASSIGN_OR_RETURN(const FloatOutput output,
                     FloatOutput::create(call, 0, call.dtype(kQuery), shape));
    float* dst = output.data();
    for (int64_t row = 0; output.count() > 0 && row < output.count() / sizes.length; ++row) {
      const int64_t t = row % sizes.length, h = row / sizes.length % attributes_.heads;
      const int64_t b = row / sizes.length / attributes_.heads;
      const int64_t head = h * sizes.head_size;
      const float* x = query + (b * sizes.length + t) * attributes_.heads * sizes.head_size + head;
      const auto gate = static_cast<float>(gate_of(x, in[kQueryBias - 1] + head, in[kWeight - 1],
                                                   in[kBias - 1], in[kEcoA - 1][h], sizes));
      const float* positions = in[kPositions - 1] + (h * sizes.length + t) * sizes.length;
      for (int64_t j = 0; j < sizes.length; ++j) *dst++ = gate * positions[j];
    }
    output.store();
    return {};
  }

 private:
  struct Sizes {
    int64_t batch, length, head_size, gates;
  };

  Result<Sizes> measure(const Call& call) const {
    RETURN_IF_ERROR(check_tensors(call, 6));
    const bool packed = call.has(kOffsets);
    const Shape& shape = call.shape(kQuery);
    RETURN_IF_ERROR(packed ? expect_shape(call, kQuery, "query_layer", {-1, -1})
                           : expect_shape(call, kQuery, "query_layer", {-1, -1, -1}));
    if (packed) RETURN_IF_ERROR(expect_shape(call, kOffsets, "token_offset", {-1, -1}));
    const Shape& tokens = packed ? call.shape(kOffsets) : shape;
    const int64_t heads = attributes_.heads, hidden = shape[shape.rank() - 1];
    const Sizes sizes = {tokens[0], tokens[1], hidden / heads,
                         call.shape(kWeight).rank() == 2 ? call.shape(kWeight)[1] : 0};
    if (hidden % heads != 0 || sizes.gates % 2 != 0) {
      return invalid_argument("expected {} heads and an even number of gates, found {} and {}",
                              heads, hidden, sizes.gates);
    }
    RETURN_IF_ERROR(expect_shape(call, kQueryBias, "query_bias", {hidden}));
    RETURN_IF_ERROR(
        expect_shape(call, kPositions, "rel_pos", {1, heads, sizes.length, sizes.length}));
    RETURN_IF_ERROR(expect_shape(call, kWeight, "weight", {sizes.head_size, sizes.gates}));
    RETURN_IF_ERROR(expect_shape(call, kBias, "bias", {sizes.gates}));
    RETURN_IF_ERROR(expect_shape(call, kEcoA, "eco_a", {1, heads, 1, 1}));
    return sizes;
  }

  // The queries [batch, length, hidden]; those of padding are 0.
  Result<const float*> unpack(Call& call, const Sizes& sizes) const {
    ASSIGN_OR_RETURN(const float* query, floats(call, kQuery));
    if (!call.has(kOffsets)) return query;
    const int64_t tokens = call.shape(kQuery)[0], hidden = call.shape(kQuery)[1];
    const int64_t places = sizes.batch * sizes.length;
    ASSIGN_OR_RETURN(const auto offsets, elements<int32_t>(call, kOffsets));
    if (tokens > places) {
      return invalid_argument("expected up to {} tokens, found {}", places, tokens);
    }
    ASSIGN_OR_RETURN(const Shape shape, shape_of({places, hidden}));
    ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(shape.count()));
    std::fill_n(dst, shape.count(), 0.0f);
    for (int64_t i = 0; i < tokens; ++i) {
      const int32_t at = offsets[static_cast<size_t>(i)];
      if (at < 0 || at >= places) {
        return out_of_range("expected offsets from 0 to {}, found {}", places - 1, at);
      }
      std::copy_n(query + i * hidden, hidden, dst + at * hidden);
    }
    return dst;
  }

  // x, x_bias [head size]; weight [head size, gates]; bias [gates]. Halves of the gates are summed.
  static double gate_of(const float* x, const float* x_bias, const float* weight, const float* bias,
                        float eco_a, const Sizes& sizes) {
    double sums[2] = {};
    for (int64_t g = 0; g < sizes.gates; ++g) {
      double sum = bias[g];
      for (int64_t i = 0; i < sizes.head_size; ++i) {
        sum += static_cast<double>(x[i] + x_bias[i]) * weight[i * sizes.gates + g];
      }
      sums[g * 2 / sizes.gates] += sum;
    }
    return sigmoid(sums[0]) * (sigmoid(sums[1]) * eco_a - 1) + 2;
  }

  AttentionAttributes attributes_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(kQuery), std::nullopt);
  const int64_t heads = node.integer("num_heads", 0);
  const size_t tokens = node.has_input(kOffsets) ? kOffsets : kQuery;
  if (heads <= 0 || node.rank(tokens) != (tokens == kOffsets ? 2 : 3)) return;
  const Dims& in = *node.shape(tokens);
  node.set(0, node.dtype(kQuery), Dims{in[0], Dim(heads), in[1], in[1]});
}

}  // namespace

extern const Operator kMsGatedRelativePositionBias = {.domain = "com.microsoft",
                                                      .name = "GatedRelativePositionBias",
                                                      .versions = {1},
                                                      .inputs = {6, 7},
                                                      .infer = infer,
                                                      .create = make<GatedRelativePositionBias>,
                                                      .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
