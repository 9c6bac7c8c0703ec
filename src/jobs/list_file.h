// Lists of paths: one a line, or each ended by a NUL, which any name can be written with.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace escuta::jobs {

inline constexpr size_t kMostListBytes = size_t{256} << 20;
inline constexpr size_t kMostPathBytes = 4096;  // PATH_MAX

// A file, a pipe, or `-`: standard input. OutOfRange when it is longer than `max_bytes`.
Result<std::string> read_stream(const std::string& path, size_t max_bytes);

// The paths of a list, in order. With a NUL anywhere, each path ends at one and is taken as it is;
// otherwise at a line's end ("\n" or "\r\n"), empty lines are left out, and so is a byte-order mark
// at the beginning. InvalidArgument names the line of a path that no system takes.
Result<std::vector<std::string>> parse_list(std::string_view text);

}  // namespace escuta::jobs
