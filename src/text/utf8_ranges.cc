#include "text/utf8_ranges.h"

#include <algorithm>
#include <string>

#include "text/utf8.h"

namespace escuta::text {
namespace {

// first and last have encodings of the same length that agree but for a block of whole
// continuations: as ranges byte by byte.
void add_block(char32_t first, char32_t last, std::vector<std::vector<ByteRange>>& ranges) {
  std::string low, high;
  append_utf8(first, &low);
  append_utf8(last, &high);
  std::vector<ByteRange> bytes;
  for (size_t i = 0; i < low.size(); ++i) {
    bytes.emplace_back(static_cast<uint8_t>(low[i]), static_cast<uint8_t>(high[i]));
  }
  ranges.push_back(std::move(bytes));
}

// Splits until a range differs in one byte, and behind it has all continuations.
void split(char32_t first, char32_t last, std::vector<std::vector<ByteRange>>& ranges) {
  for (int shift = 6; shift <= 18; shift += 6) {
    const char32_t mask = (char32_t{1} << shift) - 1;
    if ((first & ~mask) == (last & ~mask)) break;
    if ((first & mask) != 0) {
      split(first, first | mask, ranges);
      return split((first | mask) + 1, last, ranges);
    }
    if ((last & mask) != mask) {
      split(first, (last & ~mask) - 1, ranges);
      return split(last & ~mask, last, ranges);
    }
  }
  add_block(first, last, ranges);
}

}  // namespace

std::vector<std::vector<ByteRange>> utf8_ranges(char32_t first, char32_t last) {
  std::vector<std::vector<ByteRange>> ranges;
  constexpr std::pair<char32_t, char32_t> kSameLength[] = {
      {0, 0x7f}, {0x80, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff}, {0x10000, 0x10ffff}};
  for (const auto& [low, high] : kSameLength) {
    const char32_t begin = std::max(first, low), end = std::min(last, high);
    if (begin <= end) split(begin, end, ranges);
  }
  return ranges;
}

}  // namespace escuta::text
