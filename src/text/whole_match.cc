#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/whole_match.h"

#include <pcre2.h>

#include <array>
#include <vector>

#include "text/utf8.h"

namespace escuta::text {
namespace {

constexpr size_t kMaxPatternBytes = 64 * 1024;
constexpr size_t kFirstWorkspace = 4096;            // ints
constexpr size_t kLastWorkspace = size_t{1} << 22;  // ints

struct FreeContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::string reason_of(int error) {
  std::array<PCRE2_UCHAR, 160> reason{};
  pcre2_get_error_message(error, reason.data(), reason.size());
  return reinterpret_cast<const char*>(reason.data());
}

}  // namespace

void WholeMatch::FreeCode::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Result<WholeMatch> WholeMatch::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return invalid_argument("regular expression: expected at most {} bytes, found {}",
                            kMaxPatternBytes, pattern.size());
  }
  if (!is_utf8(pattern)) {
    return invalid_argument("regular expression: expected UTF-8, found other bytes");
  }
  const std::unique_ptr<pcre2_compile_context, FreeContext> context(
      pcre2_compile_context_create(nullptr));
  if (context == nullptr) return resource_exhausted("no memory for a regular expression");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE at = 0;
  WholeMatch match;
  match.code_.reset(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                    &error, &at, context.get()));
  if (match.code_ == nullptr) {
    return invalid_argument("expected a regular expression, found `{}`: {} (at byte {})", pattern,
                            reason_of(error), at);
  }
  return match;
}

Result<bool> WholeMatch::matches(std::string_view text) const {
  if (!is_utf8(text)) return false;
  // One pair of offsets: of all matches that begin at the start, the longest.
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(pcre2_match_data_create(1, nullptr));
  if (match == nullptr) return resource_exhausted("no memory to match a regular expression");
  std::vector<int> workspace(kFirstWorkspace);
  while (true) {
    const int rc = pcre2_dfa_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                   text.size(), 0, PCRE2_NO_UTF_CHECK, match.get(), nullptr,
                                   workspace.data(), workspace.size());
    if (rc >= 0) return pcre2_get_ovector_pointer(match.get())[1] == text.size();
    if (rc == PCRE2_ERROR_NOMATCH) return false;
    if (rc == PCRE2_ERROR_DFA_WSSIZE && workspace.size() < kLastWorkspace) {
      workspace.resize(workspace.size() * 16);
      continue;
    }
    if (rc == PCRE2_ERROR_DFA_UITEM || rc == PCRE2_ERROR_DFA_UCOND ||
        rc == PCRE2_ERROR_DFA_UINVALID_UTF || rc == PCRE2_ERROR_DFA_UFUNC) {
      return invalid_argument("expected a regular expression in RE2's syntax, found: {}",
                              reason_of(rc));
    }
    return resource_exhausted("matching a regular expression ended: {}", reason_of(rc));
  }
}

}  // namespace escuta::text
