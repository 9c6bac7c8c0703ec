// escuta run MODEL.onnx --input NAME=FILE.npy ...: any model, once or several times.
#pragma once

#include "cli/command.h"

namespace escuta::cli {

void add_run_command(CLI::App& app, Context& context);

}  // namespace escuta::cli
