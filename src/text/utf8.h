// UTF-8 as the rest of text/ needs it. Pure functions; any thread.
//
// What counts as one ill-formed piece follows Unicode's "maximal subpart" practice (The Unicode
// Standard, section 3.9, table 3-8), as Python's errors="replace" and Rust's from_utf8_lossy do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace escuta::text {

struct CodePoint {
  char32_t value;  // U+FFFD when ill-formed
  size_t length;   // bytes taken; 1..4
  bool well_formed;
  bool incomplete;  // ill-formed only because the text ends here
};

// The code point at the start of `text`, which is not empty.
CodePoint decode_utf8(std::string_view text);

// Appends `code_point` (at most U+10FFFF, no surrogate).
void append_utf8(char32_t code_point, std::string* text);

bool is_utf8(std::string_view text);

// Each ill-formed piece becomes one U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

// How many bytes at the end of `text` begin a sequence that later bytes could complete; 0..3.
size_t incomplete_utf8_tail(std::string_view text);

// Unicode's property White_Space.
bool is_white_space(char32_t code_point);

}  // namespace escuta::text
