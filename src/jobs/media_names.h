// What a file's name tells about its content. Pure functions; any thread.
#pragma once

#include <filesystem>

namespace escuta::jobs {

enum class MediaGuess { kMedia, kOther, kUnknown };

// By the extension, whatever its case: that of a container or codec with sound in it, that of
// something else (text, pictures, programs, our own results), or neither.
MediaGuess guess_media(const std::filesystem::path& name);

}  // namespace escuta::jobs
