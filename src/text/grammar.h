// Grammars of what may be said, in GBNF, the notation of llama.cpp and whisper.cpp:
//
//   root    ::= "lights " state | "play " [a-z ]{1,30} "."?   # a comment
//   state   ::= ("on" | "off")
//
// Literals in double quotes with escapes (\n \t \r \" \\ \[ \] \xHH \uHHHH \UHHHHHHHH), classes
// [a-z] and [^a-z], `.` for any character, groups, ? * + {n} {n,} {n,m}, and the rule root.
// Characters are those of Unicode; matching is by bytes of UTF-8, so that a token may end inside
// one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace escuta::text {

// Immutable; any thread.
class Grammar {
 public:
  // One of the bytes low..high, or (rule >= 0) what a rule stands for.
  struct Symbol {
    uint8_t low = 0, high = 0;
    int32_t rule = -1;
    auto operator<=>(const Symbol&) const = default;
  };
  using Sequence = std::vector<Symbol>;
  using Rule = std::vector<Sequence>;  // its alternatives

  // InvalidArgument with the line: not GBNF, a rule that is not there, no root, a rule that begins
  // with itself, or over 100,000 symbols.
  static Result<Grammar> parse(std::string_view gbnf);
  // One of `phrases`; at least one, none empty.
  static Result<Grammar> of_phrases(std::span<const std::string> phrases);

  // What can follow: the rest of a sequence, and below it the rests to go on with afterwards.
  struct Item {
    int32_t rule, alternative, position;
    auto operator<=>(const Item&) const = default;
  };
  using Stack = std::vector<Item>;    // the last comes next; empty: all has been said
  using States = std::vector<Stack>;  // sorted

  States begin() const;
  // After one more byte; none where it may not follow.
  States after(const States& states, uint8_t byte) const;
  static bool complete(const States& states) { return !states.empty() && states.front().empty(); }

 private:
  friend class GrammarParser;
  Status check() const;
  const Sequence& sequence(const Item& item) const {
    return rules_[static_cast<size_t>(item.rule)][static_cast<size_t>(item.alternative)];
  }
  void expand(Stack stack, States& found) const;

  std::vector<Rule> rules_;
  int32_t root_ = 0;
};

}  // namespace escuta::text
