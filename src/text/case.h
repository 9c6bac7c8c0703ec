// Upper and lower case of text, the same on every machine: Unicode's simple case mappings (The
// Unicode Standard, section 5.18: one code point becomes one), by utf8proc, whatever the locale.
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace escuta::text {

// `text` is well-formed UTF-8, and so is the result.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

}  // namespace escuta::text
