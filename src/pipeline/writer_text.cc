#include "pipeline/writer_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text/utf8.h"

namespace escuta::pipeline {
namespace {

// XML 1.0, section 2.2: characters.
bool is_xml(char32_t c) {
  return c == U'\t' || c == U'\n' || c == U'\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

}  // namespace

int64_t milliseconds(double seconds) { return std::llround(std::max(seconds, 0.0) * 1000); }

int64_t hundredths(double seconds) { return std::llround(std::max(seconds, 0.0) * 100); }

std::string clock_text(double seconds, bool always_hours, char decimal_mark) {
  const int64_t ms = milliseconds(seconds);
  const int64_t hours = ms / 3'600'000;
  std::string text;
  if (always_hours || hours > 0) text = fmt::format("{:02}:", hours);
  return text + fmt::format("{:02}:{:02}{}{:03}", ms / 60'000 % 60, ms / 1000 % 60, decimal_mark,
                            ms % 1000);
}

std::string without_arrows(std::string line) {
  for (size_t at = 0; (at = line.find("-->", at)) != std::string::npos;) line.replace(at, 3, "->");
  return line;
}

std::string escaped_xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const text::CodePoint c = text::decode_utf8(text);
    if (c.value == U'&') {
      out += "&amp;";
    } else if (c.value == U'<') {
      out += "&lt;";
    } else if (c.value == U'>') {
      out += "&gt;";
    } else if (c.value == U'"') {
      out += "&quot;";
    } else {
      text::append_utf8(is_xml(c.value) ? c.value : U'\uFFFD', &out);
    }
    text.remove_prefix(c.length);
  }
  return out;
}

std::string with_speaker(std::string_view speaker, std::string_view text) {
  if (speaker.empty()) return std::string(text);
  return fmt::format("{}: {}", one_line(speaker), text);
}

}  // namespace escuta::pipeline
