// QEmbedLayerNormalization (com.microsoft 1): EmbedLayerNormalization with tables, gamma and beta
// in 8 bits: (q - zero point) * scale.
#include "ops/microsoft/embedding.h"
#include "ops/microsoft/normalize.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kIds, kSegments, kWords, kPositions, kSegmentTable, kGamma, kBeta, kMask };
constexpr size_t kScales = 8, kZeroPoints = 13;  // of kWords .. kBeta, in that order

// A quantised tensor.
class Quantized {
 public:
  static Result<Quantized> create(const Call& call, size_t input) {
    Quantized result;
    const size_t at = input - kWords;
    const Datum& zero_point = call.input(kZeroPoints + at);
    const DType dtype = call.dtype(input);
    if (dtype != DType::kUint8 && dtype != DType::kInt8) {
      return invalid_argument("expected input {} of type int8 or uint8, found {}", input,
                              dtype_name(dtype));
    }
    if (!zero_point.is_tensor() || zero_point.dtype() != dtype || zero_point.count() != 1) {
      return invalid_argument("expected one zero point of type {} as input {}", dtype_name(dtype),
                              kZeroPoints + at);
    }
    if (!call.has(kScales + at)) return invalid_argument("expected input {}", kScales + at);
    ASSIGN_OR_RETURN(result.scale_, scalar(call, kScales + at, 1));
    result.data_ = call.input(input).bytes();
    result.is_signed_ = dtype == DType::kInt8;
    result.zero_point_ = result.integer(zero_point.bytes());
    return result;
  }
  float operator[](int64_t i) const {
    return static_cast<float>(integer(data_ + i) - zero_point_) * scale_;
  }

 private:
  int integer(const std::byte* at) const {
    return is_signed_ ? static_cast<int8_t>(*at) : static_cast<int>(*at);
  }
  const std::byte* data_ = nullptr;
  bool is_signed_ = false;
  int zero_point_ = 0;
  float scale_ = 1;
};

Status check(const Call& call) {
  for (const size_t i : {kIds, kWords, kPositions, kGamma, kBeta}) {
    if (!call.has(i)) return invalid_argument("expected input {}, found none", size_t{i});
  }
  RETURN_IF_ERROR(check_tensors(call, 1));
  RETURN_IF_ERROR(expect_shape(call, kIds, "input_ids", {-1, -1}));
  RETURN_IF_ERROR(elements<int32_t>(call, kIds).status());
  RETURN_IF_ERROR(expect_shape(call, kWords, "word_embedding_quant", {-1, -1}));
  const int64_t size = call.shape(kWords)[1];
  RETURN_IF_ERROR(expect_shape(call, kPositions, "position_embedding_quant", {-1, size}));
  RETURN_IF_ERROR(expect_shape(call, kGamma, "gamma_quant", {size}));
  RETURN_IF_ERROR(expect_shape(call, kBeta, "beta_quant", {size}));
  if (call.has(kSegments) != call.has(kSegmentTable)) {
    return invalid_argument("expected segment_ids together with segment_embedding");
  }
  if (!call.has(kSegments)) return {};
  RETURN_IF_ERROR(
      expect_shape(call, kSegments, "segment_ids", {call.shape(kIds)[0], call.shape(kIds)[1]}));
  RETURN_IF_ERROR(expect_shape(call, kSegmentTable, "segment_embedding", {-1, size}));
  return elements<int32_t>(call, kSegments).status();
}

class QEmbedLayerNormalization final : public Kernel {
 public:
  explicit QEmbedLayerNormalization(const NodeInfo& node)
      : epsilon_(node.number("epsilon", 1e-12f)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check(call));
    const int64_t batch = call.shape(kIds)[0], length = call.shape(kIds)[1];
    const int64_t size = call.shape(kWords)[1];
    ASSIGN_OR_RETURN(const Quantized gamma_table, Quantized::create(call, kGamma));
    ASSIGN_OR_RETURN(const Quantized beta_table, Quantized::create(call, kBeta));
    ASSIGN_OR_RETURN(float* gamma, call.scratch_of<float>(size));
    ASSIGN_OR_RETURN(float* beta, call.scratch_of<float>(size));
    for (int64_t i = 0; i < size; ++i) {
      gamma[i] = gamma_table[i];
      beta[i] = beta_table[i];
    }
    ASSIGN_OR_RETURN(const Shape shape, shape_of({batch, length, size}));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    RETURN_IF_ERROR(count_mask(call, batch, length));
    RETURN_IF_ERROR(embed(call, dst));
    if (shape.count() == 0) return {};
    for (int64_t token = 0; token < batch * length; ++token) {
      float* row = dst + token * size;
      normalize_row(row, size, gamma, beta, epsilon_, false, row);
    }
    return {};
  }

 private:
  static Status embed(const Call& call, float* dst) {
    const int64_t length = call.shape(kIds)[1], size = call.shape(kWords)[1];
    const bool segmented = call.has(kSegments);
    ASSIGN_OR_RETURN(const Quantized words, Quantized::create(call, kWords));
    ASSIGN_OR_RETURN(const Quantized positions, Quantized::create(call, kPositions));
    Quantized segments;
    if (segmented) {
      ASSIGN_OR_RETURN(segments, Quantized::create(call, kSegmentTable));
    }
    const auto ids = call.input(kIds).as<int32_t>();
    for (size_t token = 0; token < ids.size(); ++token, dst += size) {
      ASSIGN_OR_RETURN(const int64_t word, table_row(call, kWords, ids[token]));
      ASSIGN_OR_RETURN(const int64_t position,
                       table_row(call, kPositions, static_cast<int64_t>(token) % length));
      int64_t segment = 0;
      if (segmented) {
        ASSIGN_OR_RETURN(
            segment, table_row(call, kSegmentTable, call.input(kSegments).as<int32_t>()[token]));
      }
      for (int64_t i = 0; i < size; ++i) {
        dst[i] = words[word * size + i] + positions[position * size + i] +
                 (segmented ? segments[segment * size + i] : 0);
      }
    }
    return {};
  }

  float epsilon_;
};

}  // namespace

extern const Operator kMsQEmbedLayerNormalization = {
    .domain = "com.microsoft",
    .name = "QEmbedLayerNormalization",
    .versions = {1},
    .inputs = {1, 18},
    .outputs = {2, 2},
    .infer = [](Inference& node) { infer_embedding(node, DType::kFloat); },
    .create = make<QEmbedLayerNormalization>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
