// The providers that this library was built with: the only code that lists them.
#pragma once

#include "base/status.h"
#include "engine/session.h"

namespace escuta {

// Adds what providers/list.inc lists, in its order. InvalidArgument: malformed plugin entries.
Status add_all_providers(engine::Registry& registry, const engine::ProviderOptions& options);

}  // namespace escuta
