// Attention and DecoderMaskedSelfAttention: float projections, then SelfAttention.
#pragma once

#include "ops/microsoft/product.h"
#include "ops/microsoft/self_attention.h"

namespace escuta::ops {

class ProjectedAttention : public Kernel {
 public:
  ProjectedAttention(const NodeInfo& node, const SelfAttention::Inputs& inputs)
      : attention_(node, inputs) {}

  // Inputs: data [batch, length, n], weights [n, width], bias [width] perhaps.
  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 2));
    RETURN_IF_ERROR(expect_shape(call, 0, "input", {-1, -1, -1}));
    const Shape& shape = call.shape(0);
    RETURN_IF_ERROR(expect_shape(call, 1, "weights", {shape[2], -1}));
    const int64_t width = call.shape(1)[1];
    if (call.has(2)) RETURN_IF_ERROR(expect_shape(call, 2, "bias", {width}));
    ASSIGN_OR_RETURN(const auto widths, attention_.widths(width));
    ASSIGN_OR_RETURN(const float* src, floats(call, 0));
    ASSIGN_OR_RETURN(const float* weights, floats(call, 1));
    ASSIGN_OR_RETURN(const float* bias, floats(call, 2));
    ASSIGN_OR_RETURN(const Shape all, shape_of({shape[0], shape[1], width}));
    ASSIGN_OR_RETURN(float* projected, call.scratch_of<float>(all.count()));
    if (all.count() > 0) {
      project(src, weights, bias, projected, shape[0] * shape[1], width, shape[2]);
    }
    return attention_.run(call, projected, widths, shape[0], shape[1], call.dtype(0));
  }

 private:
  SelfAttention attention_;
};

}  // namespace escuta::ops
