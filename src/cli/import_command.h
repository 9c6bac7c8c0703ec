// escuta import SRC OUT: a checkpoint of another program -> an ONNX folder.
#pragma once

#include "cli/command.h"

namespace escuta::cli {

void add_import_command(CLI::App& app, Context& context);

}  // namespace escuta::cli
