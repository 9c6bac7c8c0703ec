// Provider `cpu`: escuta's own engine. Every operator of ops/, with faster kernels where there are
// some (list.inc).
#pragma once

#include "base/status.h"
#include "engine/provider.h"
#include "engine/session.h"

namespace escuta::cpu {

// Always available.
Status add_providers(engine::Registry& registry, const engine::ProviderOptions& options);

}  // namespace escuta::cpu
