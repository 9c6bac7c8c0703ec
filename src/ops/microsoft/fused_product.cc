#include "ops/microsoft/fused_product.h"

#include "ops/microsoft/inputs.h"

namespace escuta::ops {
namespace {

BatchedProduct::Layout layout(const NodeInfo& node, std::string_view transpose,
                              std::string_view transpose_batch) {
  return {node.integer(transpose, 0) != 0, node.integer(transpose_batch, 0) != 0};
}

}  // namespace

FusedProduct::FusedProduct(const NodeInfo& node)
    : a_(layout(node, "transA", "transBatchA")),
      b_(layout(node, "transB", "transBatchB")),
      alpha_(node.number("alpha", 1)),
      activation_(node) {}

template <typename W>
void FusedProduct::compute(const BatchedProduct& product, const W* a, const W* b, W* c) const {
  product.run(a, b, c);
  const int64_t count = product.shape().count();
  if (alpha_ != 1) {
    for (int64_t i = 0; i < count; ++i) c[i] *= static_cast<W>(alpha_);
  }
  if (activation_.is_none()) return;
  for (int64_t i = 0; i < count; ++i) c[i] = static_cast<W>(activation_(c[i]));
}

Status FusedProduct::run(Call& call) const {
  if (call.dtype(0) != call.dtype(1)) {
    return invalid_argument("expected inputs of one element type, found {} and {}",
                            dtype_name(call.dtype(0)), dtype_name(call.dtype(1)));
  }
  ASSIGN_OR_RETURN(const auto product,
                   BatchedProduct::create(call.shape(0), a_, call.shape(1), b_));
  if (call.dtype(0) == DType::kDouble) {
    ASSIGN_OR_RETURN(double* c, call.output<double>(0, product.shape()));
    compute(product, call.input(0).as<double>().data(), call.input(1).as<double>().data(), c);
    return {};
  }
  ASSIGN_OR_RETURN(const float* a, floats(call, 0));
  ASSIGN_OR_RETURN(const float* b, floats(call, 1));
  ASSIGN_OR_RETURN(const FloatOutput c,
                   FloatOutput::create(call, 0, call.dtype(0), product.shape()));
  compute(product, a, b, c.data());
  c.store();
  return {};
}

void infer_fused_product(Inference& node) {
  node.set(0, node.dtype(0),
           infer_product(node, 0, layout(node, "transA", "transBatchA"), 1,
                         layout(node, "transB", "transBatchB")));
}

}  // namespace escuta::ops
