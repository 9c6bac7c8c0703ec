// escuta providers: what this machine has, and which providers can be used on it.
#pragma once

#include "cli/command.h"

namespace escuta::cli {

void add_providers_command(CLI::App& app, Context& context);

}  // namespace escuta::cli
