// The checks that every provider makes before a run, so that all of them say the same.
#pragma once

#include <span>

#include "base/status.h"
#include "engine/provider.h"

namespace escuta::engine {

// InvalidArgument: another number of inputs or wanted outputs than the graph has, no output wanted,
// an input missing, or one of another type, rank or fixed dimension.
Status check_run(std::span<const IoInfo> inputs, std::span<const IoInfo> outputs,
                 std::span<const Value> values, std::span<const bool> wanted);

}  // namespace escuta::engine
