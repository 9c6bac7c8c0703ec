// Text from outside, such as a name in a model, made fit to show: on one line, without what would
// steer a terminal, and no longer than asked for. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace escuta {

// Control characters and bytes that are not UTF-8 become "\x1b", line ends and tabs a space. Longer
// than `width` characters (code points), the text ends in an ellipsis.
std::string printable(std::string_view text, size_t width = 80);

// The number of characters (code points) that `text` takes.
size_t text_width(std::string_view text);

}  // namespace escuta
