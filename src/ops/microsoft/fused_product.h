// FusedMatMul and its kin: activation(alpha * A B) with A and B transposed as attributes say.
#pragma once

#include "ops/microsoft/batched_product.h"
#include "ops/microsoft/fused_activation.h"
#include "ops/operator.h"

namespace escuta::ops {

class FusedProduct final : public Kernel {
 public:
  explicit FusedProduct(const NodeInfo& node);
  Status run(Call& call) const override;

 private:
  template <typename W>
  void compute(const BatchedProduct& product, const W* a, const W* b, W* c) const;

  BatchedProduct::Layout a_, b_;
  float alpha_;
  FusedActivation activation_;
};

void infer_fused_product(Inference& node);

constexpr Operator fused_product(std::string_view name) {
  return {.domain = "com.microsoft",
          .name = name,
          .versions = {1},
          .inputs = {2, 2},
          .infer = infer_fused_product,
          .create = make<FusedProduct>,
          .tolerance = Tolerance::kRounding};
}

}  // namespace escuta::ops
