// QAttention (com.microsoft 1): Attention with 8-bit input and weights.
#include "ops/microsoft/quantized_product.h"
#include "ops/microsoft/self_attention.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t {
  kData,
  kWeights,
  kBias,
  kScale,
  kWeightScale,
  kMask,
  kZeroPoint,
  kWeightZeroPoint,
  kPast,
};

class QAttention final : public Kernel {
 public:
  explicit QAttention(const NodeInfo& node)
      : attention_(node, {.mask = kMask,
                          .past = kPast,
                          .attention_bias = kNoInput,
                          .past_length = kNoInput,
                          .beams = kNoInput}) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 5));
    RETURN_IF_ERROR(expect_shape(call, kData, "input", {-1, -1, -1}));
    const Shape& shape = call.shape(kData);
    RETURN_IF_ERROR(expect_shape(call, kWeights, "weight", {shape[2], -1}));
    if (call.has(kZeroPoint) && call.input(kZeroPoint).count() != 1) {
      return invalid_argument("expected one zero point for the input, found shape {}",
                              call.shape(kZeroPoint).to_string());
    }
    ASSIGN_OR_RETURN(const auto widths, attention_.widths(call.shape(kWeights)[1]));
    ASSIGN_OR_RETURN(const auto product,
                     BatchedProduct::create(shape, {}, call.shape(kWeights), {}));
    ASSIGN_OR_RETURN(const int32_t* data, centered(call, kData, kZeroPoint));
    ASSIGN_OR_RETURN(const int32_t* weights, centered(call, kWeights, kWeightZeroPoint));
    ASSIGN_OR_RETURN(const float scale, scalar(call, kScale, 1));
    ASSIGN_OR_RETURN(float* projected, call.scratch_of<float>(product.shape().count()));
    RETURN_IF_ERROR(multiply_scaled(call, product, data, weights, scale, kWeights, kWeightScale,
                                    kBias, projected));
    return attention_.run(call, projected, widths, shape[0], shape[1], call.dtype(kScale));
  }

 private:
  SelfAttention attention_;
};

}  // namespace

extern const Operator kMsQAttention = {
    .domain = "com.microsoft",
    .name = "QAttention",
    .versions = {1},
    .inputs = {5, 9},
    .outputs = {1, 2},
    .infer =
        [](Inference& node) { infer_self_attention(node, node.dtype(kScale), kPast, kNoInput); },
    .create = make<QAttention>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
