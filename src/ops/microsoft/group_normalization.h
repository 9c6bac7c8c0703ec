// GroupNorm and SkipGroupNorm (Wu, He: "Group Normalization", 2018), SiLU after it perhaps.
#pragma once

#include "ops/operator.h"

namespace escuta::ops {

class GroupNormalization : public Kernel {
 public:
  // with_skip: inputs (X, gamma, beta, skip, bias), else (X, gamma, beta).
  GroupNormalization(const NodeInfo& node, bool with_skip);
  Status run(Call& call) const override;

 private:
  // Where element j of channel c of item n is: n * item + c * channel + j * step.
  struct Layout {
    int64_t items, channels, area;  // area: positions of one channel
    int64_t item, channel, step;
  };
  Status add_skip(Call& call, const Layout& layout, float* sums) const;
  void normalize(const Layout& layout, const float* src, const float* gamma, const float* beta,
                 float* dst) const;

  bool with_skip_;
  bool channels_last_;
  bool silu_;
  int64_t groups_;
  float epsilon_;
};

}  // namespace escuta::ops
