#include "providers/cpu/kernels.h"

namespace escuta::cpu {

Result<engine::ChosenKernel> choose_kernel(const ops::Operator& op, const ops::NodeInfo& node) {
  engine::ChosenKernel chosen;
  ASSIGN_OR_RETURN(chosen.kernel, op.create(node));
  chosen.memory = op.memory;
  return chosen;
}

}  // namespace escuta::cpu
