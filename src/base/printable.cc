#include "base/printable.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace escuta {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The length of the UTF-8 sequence at `at`, 0 if it is damaged or a control character.
size_t printable_length(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x20 || lead == 0x7F) return 0;
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[at + i])) return 0;
  }
  // U+0080 to U+009F are control characters too.
  if (lead == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0) return 0;
  return length;
}

}  // namespace

std::string printable(std::string_view text, size_t width) {
  std::string out;
  size_t used = 0;
  std::optional<size_t> cut;  // where the ellipsis would go
  for (size_t at = 0; at < text.size();) {
    const size_t length = printable_length(text, at);
    std::string shown(text.substr(at, std::max<size_t>(length, 1)));
    if (text[at] == '\n' || text[at] == '\t') {
      shown = " ";
    } else if (length == 0) {
      shown = fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
    }
    const size_t shown_width = length > 1 ? 1 : shown.size();
    if (!cut && used + shown_width > width - 1) cut = out.size();
    if (used + shown_width > width) return out.substr(0, *cut) + "…";
    out += shown;
    used += shown_width;
    at += std::max<size_t>(length, 1);
  }
  return out;
}

size_t text_width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

}  // namespace escuta
