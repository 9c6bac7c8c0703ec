// escuta inspect MODEL: what is in an ONNX file, and which provider takes what.
#pragma once

#include "cli/command.h"

namespace escuta::cli {

void add_inspect_command(CLI::App& app, Context& context);

}  // namespace escuta::cli
