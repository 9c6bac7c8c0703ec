// escuta transcribe AUDIO... -m MODEL: files in, words out.
#pragma once

#include "cli/command.h"

namespace escuta::cli {

void add_transcribe_command(CLI::App& app, Context& context);

}  // namespace escuta::cli
