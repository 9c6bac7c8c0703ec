// The options of `escuta transcribe` that say which files are meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobs/input.h"

namespace escuta::cli {

// As they were typed.
struct InputOptions {
  std::vector<std::string> inputs;  // files, folders, patterns
  bool recursive = false;
  std::string files_from, manifest;
};

void add_input_options(CLI::App& command, InputOptions& options);

struct Inputs {
  std::vector<jobs::Input> inputs;
  std::vector<Status> problems;  // folders that could not be read
};

// InvalidArgument for wrong usage, malformed lists, and a pattern that nothing matches. What is a
// single file is not looked at: whether there is one is found when its turn comes.
Result<Inputs> collect_inputs(const InputOptions& options);

}  // namespace escuta::cli
