// GBNF, read into the rules of a Grammar.
#include <algorithm>
#include <map>
#include <optional>

#include "text/grammar.h"
#include "text/utf8.h"
#include "text/utf8_ranges.h"

namespace escuta::text {

class GrammarParser {
 public:
  using Sequence = Grammar::Sequence;
  using Rule = Grammar::Rule;
  using Symbol = Grammar::Symbol;

  explicit GrammarParser(std::string_view text) : text_(text) {}

  Result<Grammar> run() {
    if (!is_utf8(text_)) return invalid_argument("grammar: expected UTF-8, found other bytes");
    skip_space(true);
    while (at_ < text_.size()) {
      RETURN_IF_ERROR(parse_rule());
      skip_space(true);
    }
    for (const auto& [name, rule] : names_) {
      if (defined_[static_cast<size_t>(rule)]) continue;
      return invalid_argument("grammar: expected a rule {}, found none", name);
    }
    const auto root = names_.find("root");
    if (root == names_.end()) return invalid_argument("grammar: expected a rule root, found none");
    grammar_.root_ = root->second;
    const Status fits = grammar_.check();
    if (!fits.ok()) return fits.with_context("grammar");
    return std::move(grammar_);
  }

  Result<Grammar> run_phrases(std::span<const std::string> phrases) {
    grammar_.root_ = add_rule({});
    for (const std::string& phrase : phrases) {
      if (phrase.empty() || !is_utf8(phrase)) {
        return invalid_argument("expected phrases of UTF-8, found `{}`",
                                replace_invalid_utf8(phrase));
      }
      Sequence sequence;
      for (const char c : phrase) RETURN_IF_ERROR(add_byte(static_cast<uint8_t>(c), sequence));
      grammar_.rules_.front().push_back(std::move(sequence));
    }
    if (phrases.empty()) return invalid_argument("expected at least one phrase, found none");
    return std::move(grammar_);
  }

 private:
  static constexpr size_t kMostSymbols = 100'000;
  static constexpr int kMostGroups = 64;       // within each other
  static constexpr int64_t kMostTimes = 1000;  // of {n,m}
  static constexpr char32_t kLastCharacter = 0x10ffff;

  Status wrong(std::string_view expected) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n');
    std::string found = "the end";
    if (at_ < text_.size()) {
      found = fmt::format("`{}`", text_.substr(at_, decode_utf8(text_.substr(at_)).length));
    }
    return invalid_argument("grammar: line {}: expected {}, found {}", line, expected, found);
  }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void skip_space(bool lines) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  }

  std::string_view take_name() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  int32_t add_rule(Rule rule) {
    grammar_.rules_.push_back(std::move(rule));
    defined_.push_back(true);
    return static_cast<int32_t>(grammar_.rules_.size()) - 1;
  }

  int32_t rule_of(std::string_view name) {
    const auto known = names_.find(name);
    if (known != names_.end()) return known->second;
    const int32_t rule = add_rule({});
    defined_.back() = false;
    names_.emplace(name, rule);
    return rule;
  }

  Status add_symbol(Symbol symbol, Sequence& sequence) {
    if (++symbols_ > kMostSymbols) {
      return invalid_argument("grammar: expected at most {} symbols, found more", kMostSymbols);
    }
    sequence.push_back(symbol);
    return Status();
  }
  Status add_byte(uint8_t byte, Sequence& sequence) {
    return add_symbol({.low = byte, .high = byte}, sequence);
  }

  Status parse_rule() {
    const std::string_view name = take_name();
    if (name.empty()) return wrong("the name of a rule");
    skip_space(false);
    if (!take("::=")) return wrong("::=");
    const int32_t rule = rule_of(name);
    if (defined_[static_cast<size_t>(rule)]) {
      return wrong(fmt::format("one rule of the name {}", name));
    }
    skip_space(true);
    ASSIGN_OR_RETURN(Rule alternatives, parse_alternatives(0));
    grammar_.rules_[static_cast<size_t>(rule)] = std::move(alternatives);
    defined_[static_cast<size_t>(rule)] = true;
    if (at_ < text_.size() && !next_is('\n') && !next_is('\r')) return wrong("the end of the line");
    return Status();
  }

  Result<Rule> parse_alternatives(int depth) {
    Rule rule;
    do {
      skip_space(true);
      ASSIGN_OR_RETURN(Sequence sequence, parse_sequence(depth));
      rule.push_back(std::move(sequence));
      // Alternatives go on in the next line where that begins with a bar.
      const size_t end = at_;
      skip_space(true);
      if (!next_is('|') && depth == 0) at_ = end;
    } while (take("|"));
    return rule;
  }

  Result<Sequence> parse_sequence(int depth) {
    Sequence sequence;
    for (;;) {
      skip_space(depth > 0);
      const size_t begin = sequence.size();
      if (take("\"")) {
        RETURN_IF_ERROR(parse_literal(sequence));
      } else if (take("[")) {
        RETURN_IF_ERROR(parse_class(sequence));
      } else if (take(".")) {
        RETURN_IF_ERROR(add_class({{0, kLastCharacter}}, sequence));
      } else if (take("(")) {
        if (depth == kMostGroups) return wrong("fewer groups within each other");
        ASSIGN_OR_RETURN(Rule inner, parse_alternatives(depth + 1));
        if (!take(")")) return wrong(")");
        RETURN_IF_ERROR(add_symbol({.rule = add_rule(std::move(inner))}, sequence));
      } else if (at_ < text_.size() && is_name(text_[at_])) {
        RETURN_IF_ERROR(add_symbol({.rule = rule_of(take_name())}, sequence));
      } else {
        return sequence;
      }
      RETURN_IF_ERROR(parse_times(begin, sequence));
    }
  }

  // One character of a literal or a class, escaped or not.
  Result<char32_t> parse_character() {
    if (at_ == text_.size()) return wrong("a character");
    if (!take("\\")) {
      const CodePoint point = decode_utf8(text_.substr(at_));
      at_ += point.length;
      return point.value;
    }
    constexpr std::pair<char, char32_t> kEscapes[] = {{'n', '\n'}, {'t', '\t'},  {'r', '\r'},
                                                      {'"', '"'},  {'\\', '\\'}, {'[', '['},
                                                      {']', ']'},  {'-', '-'},   {'^', '^'}};
    for (const auto& [letter, value] : kEscapes) {
      if (take({&letter, 1})) return value;
    }
    for (const auto& [letter, digits] : {std::pair('x', 2), {'u', 4}, {'U', 8}}) {
      if (take({&letter, 1})) return parse_hex(digits);
    }
    return wrong("an escape such as \\n, \\x41 or \\u00e4");
  }

  Result<char32_t> parse_hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const char c = at_ < text_.size() ? text_[at_] : '?';
      const size_t digit = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == std::string_view::npos) return wrong("a hexadecimal digit");
      value = value * 16 + static_cast<char32_t>(digit);
      ++at_;
    }
    if (value > kLastCharacter || (value >= 0xd800 && value <= 0xdfff)) {
      return wrong("the number of a character before this");
    }
    return value;
  }

  Status parse_literal(Sequence& sequence) {
    Sequence bytes;
    while (!take("\"")) {
      if (next_is('\n')) return wrong("the closing \"");
      ASSIGN_OR_RETURN(const char32_t character, parse_character());
      std::string utf8;
      append_utf8(character, &utf8);
      for (const char c : utf8) RETURN_IF_ERROR(add_byte(static_cast<uint8_t>(c), bytes));
    }
    // One thing, which may come several times.
    return add_symbol({.rule = add_rule({std::move(bytes)})}, sequence);
  }

  using Ranges = std::vector<std::pair<char32_t, char32_t>>;

  Status parse_class(Sequence& sequence) {
    const bool others = take("^");
    Ranges ranges;
    while (!take("]")) {
      if (next_is('\n')) return wrong("the closing ]");
      ASSIGN_OR_RETURN(const char32_t first, parse_character());
      char32_t last = first;
      if (text_.substr(at_).size() > 1 && next_is('-') && text_[at_ + 1] != ']') {
        ++at_;
        ASSIGN_OR_RETURN(last, parse_character());
        if (last < first) return wrong("a range from lower to higher before this");
      }
      ranges.emplace_back(first, last);
    }
    if (ranges.empty() && !others) return wrong("a character within [ ] before this");
    return add_class(others ? complement(std::move(ranges)) : std::move(ranges), sequence);
  }

  static Ranges complement(Ranges ranges) {
    std::ranges::sort(ranges);
    Ranges others;
    char32_t next = 0;
    for (const auto& [first, last] : ranges) {
      if (first > next) others.emplace_back(next, first - 1);
      next = std::max<char32_t>(next, last + 1);
    }
    if (next <= kLastCharacter) others.emplace_back(next, kLastCharacter);
    return others;
  }

  Status add_class(const Ranges& ranges, Sequence& sequence) {
    Rule rule;
    for (const auto& [first, last] : ranges) {
      for (const std::vector<ByteRange>& bytes : utf8_ranges(first, last)) {
        Sequence alternative;
        for (const auto& [low, high] : bytes) {
          RETURN_IF_ERROR(add_symbol({.low = low, .high = high}, alternative));
        }
        rule.push_back(std::move(alternative));
      }
    }
    return add_symbol({.rule = add_rule(std::move(rule))}, sequence);
  }

  // How often the last thing may come.
  Status parse_times(size_t begin, Sequence& sequence) {
    int64_t least = 1, most = 1;
    if (take("?")) {
      least = 0;
    } else if (take("*")) {
      least = 0, most = -1;
    } else if (take("+")) {
      most = -1;
    } else if (take("{")) {
      ASSIGN_OR_RETURN(least, parse_count());
      most = least;
      if (take(",")) {
        most = -1;
        if (!next_is('}')) {
          ASSIGN_OR_RETURN(most, parse_count());
        }
      }
      if (!take("}")) return wrong("}");
      if (most >= 0 && most < least) return wrong("{n,m} with n up to m before this");
    } else {
      return Status();
    }
    const Symbol thing = sequence.back();
    sequence.resize(begin);
    for (int64_t i = 0; i < least; ++i) RETURN_IF_ERROR(add_symbol(thing, sequence));
    if (most == least) return Status();
    if (most < 0) {
      const int32_t rest = add_rule({});
      Rule& rule = grammar_.rules_[static_cast<size_t>(rest)];
      rule = {{thing, {.rule = rest}}, {}};
      return add_symbol({.rule = rest}, sequence);
    }
    // thing (thing (thing ...)?)?
    std::optional<int32_t> rest;
    for (int64_t i = least; i < most; ++i) {
      Sequence once;
      RETURN_IF_ERROR(add_symbol(thing, once));
      if (rest) RETURN_IF_ERROR(add_symbol({.rule = *rest}, once));
      rest = add_rule({std::move(once), {}});
    }
    return add_symbol({.rule = *rest}, sequence);
  }

  Result<int64_t> parse_count() {
    const size_t begin = at_;
    int64_t count = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && count <= kMostTimes) {
      count = count * 10 + (text_[at_++] - '0');
    }
    if (at_ == begin || count > kMostTimes) {
      return wrong(fmt::format("a number up to {}", kMostTimes));
    }
    return count;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t symbols_ = 0;
  Grammar grammar_;
  std::map<std::string, int32_t, std::less<>> names_;
  std::vector<bool> defined_;  // per rule
};

Result<Grammar> Grammar::parse(std::string_view gbnf) { return GrammarParser(gbnf).run(); }

Result<Grammar> Grammar::of_phrases(std::span<const std::string> phrases) {
  return GrammarParser("").run_phrases(phrases);
}

}  // namespace escuta::text
