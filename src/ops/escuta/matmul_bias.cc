// MatMulBias (escuta 1): activation(alpha * A B + bias), the product being numpy.matmul's, of A and
// B swapped in their last two dimensions where transA and transB are 1. What fuse_matmul_bias
// makes.
//
// bias: one number per column. activation: Relu, Tanh, Sigmoid, Gelu, GeluTanh, Silu; none if
// absent.
#include <algorithm>
#include <cmath>

#include "ops/microsoft/batched_product.h"
#include "ops/microsoft/gelu.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

using Function = double (*)(double);

struct Entry {
  std::string_view name;
  Function function;
};

constexpr Entry kActivations[] = {
    {"Relu", [](double x) { return x < 0 ? 0 : x; }},  // NaN stays
    {"Tanh", [](double x) { return std::tanh(x); }},
    {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"Gelu", [](double x) { return gelu(x); }},
    {"GeluTanh", [](double x) { return gelu_tanh(x); }},
    {"Silu", [](double x) { return silu(x); }},
};

BatchedProduct::Layout layout(const NodeInfo& node, std::string_view transposed) {
  return {node.integer(transposed, 0) != 0, false};
}

class MatMulBias final : public Kernel {
 public:
  explicit MatMulBias(const NodeInfo& node)
      : a_(layout(node, "transA")), b_(layout(node, "transB")), alpha_(node.number("alpha", 1)) {
    const std::string name = node.text("activation", "");
    if (name.empty()) return;
    const auto* found = std::ranges::find(kActivations, name, &Entry::name);
    if (found == std::end(kActivations)) {
      node.fail(invalid_argument("attribute `activation`: found {}, which is not known", name));
      return;
    }
    activation_ = found->function;
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 2));
    ASSIGN_OR_RETURN(const auto product,
                     BatchedProduct::create(call.shape(0), a_, call.shape(1), b_));
    if (call.has(2) && call.input(2).count() != product.cols()) {
      return invalid_argument("expected a bias of {} numbers, found {}", product.cols(),
                              call.shape(2).to_string());
    }
    ASSIGN_OR_RETURN(const float* a, floats(call, 0));
    ASSIGN_OR_RETURN(const float* b, floats(call, 1));
    const float* bias = nullptr;
    if (call.has(2)) {
      ASSIGN_OR_RETURN(bias, floats(call, 2));
    }
    ASSIGN_OR_RETURN(const FloatOutput c,
                     FloatOutput::create(call, 0, call.dtype(0), product.shape()));
    product.run(a, b, c.data());
    for (int64_t i = 0; i < product.shape().count(); ++i) {
      float x = c.data()[i] * alpha_;
      if (bias != nullptr) x += bias[i % product.cols()];
      c.data()[i] = activation_ == nullptr ? x : static_cast<float>(activation_(x));
    }
    c.store();
    return {};
  }

 private:
  BatchedProduct::Layout a_, b_;
  float alpha_;
  Function activation_ = nullptr;
};

void infer(Inference& node) {
  node.set(0, node.dtype(0),
           infer_product(node, 0, layout(node, "transA"), 1, layout(node, "transB")));
}

}  // namespace

extern const Operator kEscutaMatMulBias = {.domain = "escuta",
                                           .name = "MatMulBias",
                                           .versions = {1},
                                           .inputs = {2, 3},
                                           .infer = infer,
                                           .create = make<MatMulBias>,
                                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
