// EmbedLayerNormalization (com.microsoft 1): layer normalisation of the sum of word, position and
// segment embeddings (BERT).
#include "ops/microsoft/embedding.h"
#include "ops/microsoft/normalize.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t {
  kIds,
  kSegments,
  kWordTable,
  kPositionTable,
  kSegmentTable,
  kGamma,
  kBeta,
  kMask,
  kPositions,
};

class EmbedLayerNormalization final : public Kernel {
 public:
  explicit EmbedLayerNormalization(const NodeInfo& node)
      : epsilon_(node.number("epsilon", 1e-12f)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check(call));
    const int64_t batch = call.shape(kIds)[0], length = call.shape(kIds)[1];
    const int64_t size = call.shape(kWordTable)[1];
    const float* tables[3];
    ASSIGN_OR_RETURN(tables[0], floats(call, kWordTable));
    ASSIGN_OR_RETURN(tables[1], floats(call, kPositionTable));
    ASSIGN_OR_RETURN(tables[2], floats(call, kSegmentTable));
    ASSIGN_OR_RETURN(const float* gamma, floats(call, kGamma));
    ASSIGN_OR_RETURN(const float* beta, floats(call, kBeta));
    const DType dtype = call.dtype(kWordTable);
    ASSIGN_OR_RETURN(const Shape shape, shape_of({batch, length, size}));
    ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, dtype, shape));
    ASSIGN_OR_RETURN(const FloatOutput sums, FloatOutput::create(call, 2, dtype, shape));
    RETURN_IF_ERROR(count_mask(call, batch, length));
    if (output.count() == 0) return {};
    for (int64_t token = 0; token < batch * length; ++token) {
      float* sum = sums.data() + token * size;
      RETURN_IF_ERROR(embed(call, tables, token, sum));
      normalize_row(sum, size, gamma, beta, epsilon_, false, output.data() + token * size);
    }
    output.store();
    sums.store();
    return {};
  }

 private:
  static Status check(const Call& call) {
    for (const size_t i : {kIds, kWordTable, kPositionTable, kGamma, kBeta}) {
      if (!call.has(i)) return invalid_argument("expected input {}, found none", size_t{i});
    }
    RETURN_IF_ERROR(check_tensors(call, 1));
    RETURN_IF_ERROR(expect_shape(call, kIds, "input_ids", {-1, -1}));
    RETURN_IF_ERROR(expect_shape(call, kWordTable, "word_embedding", {-1, -1}));
    const int64_t batch = call.shape(kIds)[0], length = call.shape(kIds)[1];
    const int64_t size = call.shape(kWordTable)[1];
    RETURN_IF_ERROR(expect_shape(call, kPositionTable, "position_embedding", {-1, size}));
    RETURN_IF_ERROR(expect_shape(call, kGamma, "gamma", {size}));
    RETURN_IF_ERROR(expect_shape(call, kBeta, "beta", {size}));
    RETURN_IF_ERROR(elements<int32_t>(call, kIds).status());
    if (call.has(kSegments) != call.has(kSegmentTable)) {
      return invalid_argument("expected segment_ids together with segment_embedding");
    }
    if (call.has(kSegments)) {
      RETURN_IF_ERROR(expect_shape(call, kSegments, "segment_ids", {batch, length}));
      RETURN_IF_ERROR(expect_shape(call, kSegmentTable, "segment_embedding", {-1, size}));
      RETURN_IF_ERROR(elements<int32_t>(call, kSegments).status());
    }
    if (call.has(kPositions)) {
      RETURN_IF_ERROR(expect_shape(
          call, kPositions, "position_ids",
          {call.shape(kPositions).rank() > 0 && call.shape(kPositions)[0] == 1 ? 1 : batch,
           length}));
      RETURN_IF_ERROR(elements<int32_t>(call, kPositions).status());
    }
    return {};
  }

  // dst [size]: the embedding of one token.
  static Status embed(const Call& call, const float* const tables[3], int64_t token, float* dst) {
    const int64_t length = call.shape(kIds)[1], size = call.shape(kWordTable)[1];
    const auto id = [&](size_t input, int64_t i) {
      return call.input(input).as<int32_t>()[static_cast<size_t>(i % call.input(input).count())];
    };
    ASSIGN_OR_RETURN(const int64_t word, table_row(call, kWordTable, id(kIds, token)));
    ASSIGN_OR_RETURN(const int64_t position,
                     table_row(call, kPositionTable,
                               call.has(kPositions) ? id(kPositions, token) : token % length));
    for (int64_t i = 0; i < size; ++i) {
      dst[i] = tables[0][word * size + i] + tables[1][position * size + i];
    }
    if (!call.has(kSegments)) return {};
    ASSIGN_OR_RETURN(const int64_t segment, table_row(call, kSegmentTable, id(kSegments, token)));
    for (int64_t i = 0; i < size; ++i) dst[i] += tables[2][segment * size + i];
    return {};
  }

  float epsilon_;
};

}  // namespace

extern const Operator kMsEmbedLayerNormalization = {
    .domain = "com.microsoft",
    .name = "EmbedLayerNormalization",
    .versions = {1},
    .inputs = {1, 9},
    .outputs = {1, 3},
    .infer = [](Inference& node) { infer_embedding(node, node.dtype(kWordTable)); },
    .create = make<EmbedLayerNormalization>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
