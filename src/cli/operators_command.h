// escuta operators: the operators that provider cpu has, and since which versions.
#pragma once

#include "cli/command.h"

namespace escuta::cli {

void add_operators_command(CLI::App& app, Context& context);

}  // namespace escuta::cli
