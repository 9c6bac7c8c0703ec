// The provider `ort`: ONNX Runtime, and the execution providers that it brings or that are
// registered with it, as `ort:<name>`.
#pragma once

#include "engine/provider.h"
#include "engine/session.h"

namespace escuta::ort {

// Adds `ort`, then `ort:<name>` for each further execution provider that is built into the library,
// then one for each plugin of options.plugins and of the environment variable ESCUTA_ORT_PLUGINS
// ("openvino=/path/lib.so:qnn=/path/lib.so"). What cannot be used is added all the same, with the
// reason. InvalidArgument: an entry that is not NAME=PATH, or a name that is there twice.
Status add_providers(engine::Registry& registry, const engine::ProviderOptions& options);

}  // namespace escuta::ort
