// How wide text is on a screen, and where a line of it may end. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace escuta::pipeline {

// In columns of a fixed-width font: 2 for what East Asian scripts write wide, 0 for marks on the
// character before and for control characters, 1 for the rest; an ill-formed byte counts 1.
size_t display_width(std::string_view text);

// `text` in pieces between which a line may end: before white space, and around each wide character
// (Chinese and Japanese have no spaces), but not before punctuation that closes. Joined, they are
// the text; each begins with its white space.
std::vector<std::string_view> line_pieces(std::string_view text);

}  // namespace escuta::pipeline
