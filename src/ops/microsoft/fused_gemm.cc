// FusedGemm (com.microsoft 1): activation(alpha * A B + beta * C), C broadcast to the product.
#include "ops/broadcast.h"
#include "ops/microsoft/batched_product.h"
#include "ops/microsoft/fused_activation.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class FusedGemm final : public Kernel {
 public:
  explicit FusedGemm(const NodeInfo& node)
      : transpose_a_(node.integer("transA", 0) != 0),
        transpose_b_(node.integer("transB", 0) != 0),
        alpha_(node.number("alpha", 1)),
        beta_(node.number("beta", 1)),
        activation_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 2));
    RETURN_IF_ERROR(expect_shape(call, 0, "A", {-1, -1}));
    RETURN_IF_ERROR(expect_shape(call, 1, "B", {-1, -1}));
    ASSIGN_OR_RETURN(const auto product,
                     BatchedProduct::create(call.shape(0), {transpose_a_, false}, call.shape(1),
                                            {transpose_b_, false}));
    if (call.dtype(0) == DType::kDouble) {
      ASSIGN_OR_RETURN(const auto a, elements<double>(call, 0));
      ASSIGN_OR_RETURN(const auto b, elements<double>(call, 1));
      const double* c = nullptr;
      if (call.has(2)) {
        ASSIGN_OR_RETURN(const auto found, elements<double>(call, 2));
        c = found.data();
      }
      ASSIGN_OR_RETURN(double* y, call.output<double>(0, product.shape()));
      return compute(call, product, a.data(), b.data(), c, y);
    }
    ASSIGN_OR_RETURN(const float* a, floats(call, 0));
    ASSIGN_OR_RETURN(const float* b, floats(call, 1));
    ASSIGN_OR_RETURN(const float* c, floats(call, 2));
    ASSIGN_OR_RETURN(const FloatOutput y,
                     FloatOutput::create(call, 0, call.dtype(0), product.shape()));
    RETURN_IF_ERROR(compute(call, product, a, b, c, y.data()));
    y.store();
    return {};
  }

 private:
  template <typename W>
  Status compute(const Call& call, const BatchedProduct& product, const W* a, const W* b,
                 const W* c, W* y) const {
    product.run(a, b, y);
    const int64_t count = product.shape().count();
    for (int64_t i = 0; i < count; ++i) y[i] *= static_cast<W>(alpha_);
    if (c != nullptr) {
      ASSIGN_OR_RETURN(const auto broadcast,
                       Broadcast<2>::create({&product.shape(), &call.shape(2)}));
      if (!(broadcast.shape() == product.shape())) {
        return invalid_argument("expected C that broadcasts to {}, found {}",
                                product.shape().to_string(), call.shape(2).to_string());
      }
      broadcast.for_each_run([&](int64_t at, int64_t n, const auto& src, const auto& steps) {
        for (int64_t i = 0; i < n; ++i) {
          y[at + i] += static_cast<W>(beta_) * c[src[1] + i * steps[1]];
        }
      });
    }
    if (activation_.is_none()) return {};
    for (int64_t i = 0; i < count; ++i) y[i] = static_cast<W>(activation_(y[i]));
    return {};
  }

  bool transpose_a_, transpose_b_;
  float alpha_, beta_;
  FusedActivation activation_;
};

}  // namespace

extern const Operator kMsFusedGemm = {
    .domain = "com.microsoft",
    .name = "FusedGemm",
    .versions = {1},
    .inputs = {2, 3},
    .infer =
        [](Inference& node) {
          node.set(0, node.dtype(0),
                   infer_product(node, 0, {node.integer("transA", 0) != 0, false}, 1,
                                 {node.integer("transB", 0) != 0, false}));
        },
    .create = make<FusedGemm>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
