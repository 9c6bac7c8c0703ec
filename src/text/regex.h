// A regular expression over UTF-8 text, with the meaning that Hugging Face's tokenizers give it.
//
// PCRE2 runs it, compiled to machine code. tokenizers use Oniguruma, which differs in what \s and
// \w hold (there White_Space, and letters, marks, digits and connecting punctuation) and in
// that ^ and $ match at every line; patterns are rewritten so that both agree. PCRE2 10.42 knows
// the characters of Unicode 14; a letter that is newer counts as neither letter nor number here.
//
// Immutable after compile(); any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace escuta::text {

struct TextRange {
  size_t begin, end;  // bytes
};

class Regex {
 public:
  // InvalidArgument, with the place, if `pattern` is not a regular expression.
  static Result<Regex> compile(std::string_view pattern);

  // A pattern that matches `text` itself.
  static Result<Regex> literal(std::string_view text);

  // The matches in `text` (well-formed UTF-8), left to right, none overlapping; a match can be
  // empty, but not right behind another. Work per match is bounded: a pattern that exceeds the
  // bound ends the search there, so that whatever the pattern, this returns.
  std::vector<TextRange> find_all(std::string_view text) const;

 private:
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  struct FreeContext {
    void operator()(pcre2_real_match_context_8* context) const;
  };
  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
  std::unique_ptr<pcre2_real_match_context_8, FreeContext> limits_;
};

}  // namespace escuta::text
