// The providers that this program was built with.
#pragma once

#include "base/status.h"
#include "engine/session.h"

namespace escuta::cli {

// Adds what providers/list.inc lists, in its order. InvalidArgument: malformed plugin entries.
Status add_all_providers(engine::Registry& registry, const engine::ProviderOptions& options);

}  // namespace escuta::cli
