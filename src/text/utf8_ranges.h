// Ranges of characters as sequences of ranges of bytes.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace escuta::text {

using ByteRange = std::pair<uint8_t, uint8_t>;

// Sequences of one to four byte ranges that hold the UTF-8 of first..last and nothing else;
// surrogates are left out. first <= last <= U+10FFFF.
std::vector<std::vector<ByteRange>> utf8_ranges(char32_t first, char32_t last);

}  // namespace escuta::text
