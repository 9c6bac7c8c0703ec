#include "text/case.h"

#include <utf8proc.h>

#include "text/utf8.h"

namespace escuta::text {
namespace {

template <utf8proc_int32_t (*map)(utf8proc_int32_t)>
std::string mapped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    text.remove_prefix(point.length);
    append_utf8(static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(point.value))), &result);
  }
  return result;
}

// utf8proc gives sharp s a capital that Unicode's data file does not map it to.
utf8proc_int32_t upper(utf8proc_int32_t c) { return c == 0xDF ? c : utf8proc_toupper(c); }

}  // namespace

std::string to_lower(std::string_view text) { return mapped<utf8proc_tolower>(text); }

std::string to_upper(std::string_view text) { return mapped<upper>(text); }

}  // namespace escuta::text
