// Where transcripts go: standard output, or a file per input and format.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "jobs/journal.h"
#include "pipeline/writers.h"

namespace escuta::cli {

// Makes the folder where it is missing. InvalidArgument, PermissionDenied: it cannot hold files.
Status prepare_output_folder(const std::filesystem::path& folder);

// <base>.<extension> of every format.
std::vector<std::string> output_files(const std::filesystem::path& base,
                                      std::span<const pipeline::Format> formats);

// Each whole or not at all; folders are made where they are missing.
Status write_outputs(std::span<const jobs::ResultFile> files);

// Removes what a killed process left beside `file` while it wrote it.
void remove_leftovers(const std::filesystem::path& file);

// What write_stdout says when the program that reads our output has ended, as in `escuta ... |
// head`. It is no news to anybody, and print_error keeps quiet about it.
inline constexpr std::string_view kReaderGone = "standard output: nobody reads";

// Keeps standard output for write_stdout: whatever a library prints there (some plugin execution
// providers do) goes to standard error from now on. Once, before anything else is opened.
void claim_stdout();

// All of it to standard output, now; an error when the disk is full, Cancelled when nobody reads.
Status write_stdout(std::string_view text);

}  // namespace escuta::cli
