#include "registry/registry.h"

#include "providers/cpu/provider.h"
#ifdef ESCUTA_WITH_ORT
#include "providers/ort/provider.h"
#endif

namespace escuta {

Status add_all_providers(engine::Registry& registry, const engine::ProviderOptions& options) {
#define PROVIDER(name) RETURN_IF_ERROR(name::add_providers(registry, options));
#include "providers/list.inc"
#undef PROVIDER
  return Status();
}

}  // namespace escuta
