// SkipLayerNormalization and SkipSimplifiedLayerNormalization: the normalised sum of input, skip
// and bias.
#pragma once

#include "ops/operator.h"

namespace escuta::ops {

class SkipNormalization : public Kernel {
 public:
  // rms: inputs (input, skip, gamma, bias); else (input, skip, gamma, beta, bias).
  SkipNormalization(const NodeInfo& node, bool rms);
  Status run(Call& call) const override;

 private:
  float epsilon_;
  bool rms_;
};

void infer_skip_normalization(Inference& node);

}  // namespace escuta::ops
