// The options of `escuta transcribe` for jobs that outlive the process, and what a journal knows
// its jobs by.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "jobs/input.h"
#include "jobs/journal.h"

namespace escuta::cli {

// As they were typed.
struct JobOptions {
  std::string journal, manifest_out;
  bool retry_failed = false;
};

void add_job_options(CLI::App& command, JobOptions& options);

// What decides about a result, besides the input: the options of `command` as they were typed, less
// those that only say where results go or how they are computed, and the model's files with sizes
// and times.
Json settings_of(const CLI::App& command, const std::filesystem::path& model);

// The job of one input, whose results are `base`.<extension>.
jobs::JobRequest request_of(const jobs::Input& input, const std::filesystem::path& base,
                            std::vector<std::string> files, const Json& settings);

// What the journal found, in lines for standard error; nothing where all is new.
std::vector<std::string> plan_lines(const jobs::JobPlan& plan);

}  // namespace escuta::cli
