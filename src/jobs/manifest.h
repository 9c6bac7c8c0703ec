// Manifests: JSON lines that say what is to be transcribed, and what has been.
//
// A line of the first kind is an object {"audio": path, "language": code, "output": name}, of
// which only "audio" must be there; other keys are kept and handed on.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "jobs/input.h"

namespace escuta::jobs {

inline constexpr size_t kMostLineBytes = size_t{1} << 20;

// One line, without its end. `folder` is where relative paths begin. InvalidArgument, NotFound:
// what was expected; an "output" that would leave the folder of results is refused.
Result<Input> parse_manifest_line(std::string_view line, const std::filesystem::path& folder);

// All lines; empty ones are left out. Errors name the line.
Result<std::vector<Input>> parse_manifest(std::string_view text,
                                          const std::filesystem::path& folder);

// Appends `line` (without its end) to the file, on a line of its own, and flushes it to disk.
// Several processes may do so at once. What a killed process left of the same line is completed;
// with `once`, a line that is there already is not written again.
Status append_line(const std::filesystem::path& path, std::string_view line, bool once);

}  // namespace escuta::jobs
