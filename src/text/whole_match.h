// Whether a regular expression in RE2's syntax (github.com/google/re2/wiki/Syntax) describes a text
// from its first character to its last.
//
// PCRE2 compiles the pattern, with RE2's meaning: \w, \d, \s and \b know ASCII only, ^ and $ are
// the text's ends, a dot is anything but a line feed. Its DFA matcher runs it, which follows all
// ways at once as RE2 does, so that no pattern takes exponential time. What RE2 lacks is refused
// (back references) or runs as PCRE2 has it (lookahead).
//
// Immutable after compile(); any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"

struct pcre2_real_code_8;

namespace escuta::text {

class WholeMatch {
 public:
  // InvalidArgument, with the place, if `pattern` is not a regular expression or too long.
  static Result<WholeMatch> compile(std::string_view pattern);

  // False for a text that is not well-formed UTF-8. ResourceExhausted when the pattern asks for too
  // much memory; InvalidArgument for one that cannot be matched without going back.
  Result<bool> matches(std::string_view text) const;

 private:
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
};

}  // namespace escuta::text
