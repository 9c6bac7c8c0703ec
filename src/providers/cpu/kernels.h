// Which kernel runs a node: the first of the operator's fast ones that takes it, or its plain loop.
#pragma once

#include "engine/program.h"

namespace escuta::cpu {

// Any thread.
Result<engine::ChosenKernel> choose_kernel(const ops::Operator& op, const ops::NodeInfo& node);

}  // namespace escuta::cpu
