// Patterns of file names, for shells that do not expand them: "talks/**/*.mp3".
//
// * is any run of characters, ? one character, [a-z] and [!a-z] one of (or none of) some ASCII
// characters, all within a name; ** as a whole part of a path is any number of folders. A name that
// begins with a dot is matched only by a part that does so, too.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace escuta::jobs {

bool is_pattern(std::string_view text);

// Whether one name (without slashes) matches one part of a pattern. Time is at most their product.
bool matches(std::string_view name, std::string_view part);

// The part of a path before its first part with a pattern in it; may be empty.
std::filesystem::path fixed_part(const std::filesystem::path& pattern);

// The files that match, sorted; folders that cannot be read hold none. Links are followed, each
// folder is searched once.
std::vector<std::filesystem::path> expand_pattern(const std::filesystem::path& pattern);

}  // namespace escuta::jobs
