#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>

#include <array>
#include <string>

#include "text/utf8.h"

namespace escuta::text {
namespace {

constexpr uint32_t kMatchSteps = 1'000'000;
constexpr uint32_t kHeapKiB = 16 * 1024;
constexpr size_t kMaxPatternBytes = 64 * 1024;

// The body of a class. Superscript digits and fractions count, of all other numbers, in Latin-1
// only.
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xB2\xB3\xB9\xBC-\xBE)";

// Rewrites \s, \S, \w and \W to what Oniguruma means by them. Unimplemented for \W in a class,
// which PCRE2 cannot say.
Result<std::string> rewrite(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c != '\\' || i + 1 == pattern.size()) {
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      out += c;
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == 's') {
      out += R"(\p{White_Space})";
    } else if (escaped == 'S') {
      out += R"(\P{White_Space})";
    } else if (escaped == 'w') {
      out += in_class ? std::string(kWord) : fmt::format("[{}]", kWord);
    } else if (escaped == 'W') {
      if (in_class) {
        return unimplemented("regular expression `{}`: expected no \\W inside [...]", pattern);
      }
      out += fmt::format("[^{}]", kWord);
    } else {
      out += c;
      out += escaped;
    }
  }
  return out;
}

struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

void Regex::FreeCode::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

void Regex::FreeContext::operator()(pcre2_real_match_context_8* context) const {
  pcre2_match_context_free(context);
}

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return invalid_argument("regular expression: expected at most {} bytes, found {}",
                            kMaxPatternBytes, pattern.size());
  }
  ASSIGN_OR_RETURN(const std::string rewritten, rewrite(pattern));
  int error = 0;
  PCRE2_SIZE at = 0;
  Regex regex;
  regex.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(rewritten.data()), rewritten.size(),
                                  PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                  &error, &at, nullptr));
  if (regex.code_ == nullptr) {
    std::array<PCRE2_UCHAR, 160> reason{};
    pcre2_get_error_message(error, reason.data(), reason.size());
    return invalid_argument("expected a regular expression, found `{}`: {} (at byte {} of `{}`)",
                            pattern, reinterpret_cast<const char*>(reason.data()), at, rewritten);
  }
  // Without machine code (a hardened system forbids it) PCRE2 interprets: slower, same matches.
  pcre2_jit_compile(regex.code_.get(), PCRE2_JIT_COMPLETE);
  regex.limits_.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(regex.limits_.get(), kMatchSteps);
  pcre2_set_heap_limit(regex.limits_.get(), kHeapKiB);
  return regex;
}

Result<Regex> Regex::literal(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    const bool ascii_punctuation =
        c > 0 && std::string_view(R"(\^$.[]|()?*+{}-)").find(c) != std::string_view::npos;
    if (ascii_punctuation) pattern += '\\';
    pattern += c;
  }
  return compile(pattern);
}

std::vector<TextRange> Regex::find_all(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(
      pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  std::vector<TextRange> found;
  size_t at = 0;
  while (at < text.size()) {
    // The caller's text is well-formed: checking it again at each match would cost its square.
    const auto search = [&](uint32_t options) {
      return pcre2_match(code_.get(), subject, text.size(), at, options | PCRE2_NO_UTF_CHECK,
                         match.get(), limits_.get());
    };
    int rc = search(0);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = search(PCRE2_NO_JIT);
    if (rc < 0) break;
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(match.get());
    // \K inside a lookahead can put the start after the end, or before what was already taken.
    if (offsets[0] < at || offsets[1] < offsets[0]) break;
    const TextRange range{offsets[0], offsets[1]};
    const bool behind_another = !found.empty() && range.begin == found.back().end;
    if (range.begin == range.end && behind_another) {
      at += decode_utf8(text.substr(at)).length;
      continue;
    }
    found.push_back(range);
    at = range.end;
  }
  return found;
}

}  // namespace escuta::text
