// Where transcripts go: standard output, or a file per input and format.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pipeline/writers.h"

namespace escuta::cli {

// The name, without extension, that each input's output files have: the input's own without its
// extension, or with it where two inputs would share one (jfk.wav and jfk.mp3). InvalidArgument
// when even that leaves two the same.
Result<std::vector<std::string>> output_names(std::span<const std::string> inputs);

// Makes the folder where it is missing. InvalidArgument, PermissionDenied: it cannot hold files.
Status prepare_output_folder(const std::filesystem::path& folder);

// Writes folder/<name>.<extension> for every format, each whole or not at all.
Status write_outputs(const pipeline::Transcript& transcript, const std::filesystem::path& folder,
                     const std::string& name, std::span<const pipeline::Format> formats,
                     const pipeline::Layout& layout);

// What write_stdout says when the program that reads our output has ended, as in `escuta ... |
// head`. It is no news to anybody, and print_error keeps quiet about it.
inline constexpr std::string_view kReaderGone = "standard output: nobody reads";

// Keeps standard output for write_stdout: whatever a library prints there (some plugin execution
// providers do) goes to standard error from now on. Once, before anything else is opened.
void claim_stdout();

// All of it to standard output, now; an error when the disk is full, Cancelled when nobody reads.
Status write_stdout(std::string_view text);

}  // namespace escuta::cli
