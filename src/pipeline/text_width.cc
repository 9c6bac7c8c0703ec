#include "pipeline/text_width.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace escuta::pipeline {
namespace {

// No line begins with these (the common part of the Japanese and Chinese rules, JIS X 4051).
constexpr std::array<char32_t, 21> kClosing = {U'、', U'。', U'，', U'．', U'・', U'：', U'；',
                                               U'？', U'！', U'）', U'］', U'｝', U'」', U'』',
                                               U'】', U'〉', U'》', U'〕', U'ー', U'々', U'’'};

bool closes(char32_t c) { return std::ranges::find(kClosing, c) != kClosing.end(); }

size_t width_of(const text::CodePoint& c) {
  if (!c.well_formed) return 1;
  return static_cast<size_t>(
      std::max(utf8proc_charwidth(static_cast<utf8proc_int32_t>(c.value)), 0));
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const text::CodePoint c = text::decode_utf8(text.substr(at));
    width += width_of(c);
    at += c.length;
  }
  return width;
}

std::vector<std::string_view> line_pieces(std::string_view text) {
  std::vector<std::string_view> pieces;
  size_t begin = 0;
  bool after_space = true, after_wide = false;
  for (size_t at = 0; at < text.size();) {
    const text::CodePoint c = text::decode_utf8(text.substr(at));
    const bool space = text::is_white_space(c.value);
    const size_t width = width_of(c);
    const bool wide = width == 2;
    const bool around_wide = (wide || after_wide) && width > 0 && !closes(c.value);
    if (at > begin && !after_space && (space || around_wide)) {
      pieces.push_back(text.substr(begin, at - begin));
      begin = at;
    }
    after_space = space;
    if (width > 0 || space) after_wide = wide;  // a mark belongs to the character before it
    at += c.length;
  }
  if (begin < text.size()) pieces.push_back(text.substr(begin));
  return pieces;
}

}  // namespace escuta::pipeline
