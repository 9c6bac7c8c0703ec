// What the pooling operators share: attributes, inference, and the walk over planes.
#pragma once

#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/windows.h"

namespace escuta::ops {

// The attributes of a pooling operator, kernel_shape among them.
class PoolAttributes : public WindowAttributes {
 public:
  explicit PoolAttributes(const NodeInfo& node);
  // For input x [N, C, D1, ..., Dn] or [N, D1, ..., Dn, C].
  Result<Windows> resolve_for(const Shape& x, bool channels_last = false) const;
};

// The result's dimensions for input 0.
std::optional<Dims> infer_pool_dims(const Inference& node, bool channels_last = false);
// Output 0: the input's type and those dimensions.
void infer_pool(Inference& node);

// Output 0 of a global pooling operator: the input's type, spatial dimensions of 1.
void infer_global_pool(Inference& node);
// [N, C, 1, ..., 1]. InvalidArgument for fewer than 2 dimensions.
Result<Shape> global_pool_output(const Shape& x);

}  // namespace escuta::ops
