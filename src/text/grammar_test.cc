#include "text/grammar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "text/utf8.h"
#include "text/utf8_ranges.h"

namespace escuta::text {
namespace {

enum class Fit { kNo, kBegins, kWhole };

Fit fit(const Grammar& grammar, std::string_view text) {
  Grammar::States states = grammar.begin();
  for (const char c : text) states = grammar.after(states, static_cast<uint8_t>(c));
  if (states.empty()) return Fit::kNo;
  return Grammar::complete(states) ? Fit::kWhole : Fit::kBegins;
}

Grammar parsed(std::string_view gbnf) {
  Result<Grammar> grammar = Grammar::parse(gbnf);
  EXPECT_TRUE(grammar.ok()) << grammar.status().message();
  return grammar.ok() ? std::move(*grammar) : Grammar::parse("root ::= \"x\"").value();
}

TEST(Grammar, SaysWhatMayFollow) {
  const Grammar grammar = parsed(
      "# commands\n"
      "root ::= \"lights \" state | \"play \" [a-z ]{1,3} \".\"?\n"
      "state ::= (\"on\"\n  | \"off\")\n");
  EXPECT_EQ(fit(grammar, ""), Fit::kBegins);
  EXPECT_EQ(fit(grammar, "lights o"), Fit::kBegins);
  EXPECT_EQ(fit(grammar, "lights on"), Fit::kWhole);
  EXPECT_EQ(fit(grammar, "lights off"), Fit::kWhole);
  EXPECT_EQ(fit(grammar, "lights onn"), Fit::kNo);
  EXPECT_EQ(fit(grammar, "play abc."), Fit::kWhole);
  EXPECT_EQ(fit(grammar, "play abcd"), Fit::kNo);
  EXPECT_EQ(fit(grammar, "play "), Fit::kBegins);
}

TEST(Grammar, RepeatsAndNests) {
  const Grammar grammar =
      parsed("root ::= item (\", \" item)*\nitem ::= \"a\"+ | \"(\" root \")\"");
  for (const char* whole : {"a", "aaa, a", "(a, (aa), a), a"}) {
    EXPECT_EQ(fit(grammar, whole), Fit::kWhole) << whole;
  }
  EXPECT_EQ(fit(grammar, "(a, (aa)"), Fit::kBegins);
  EXPECT_EQ(fit(grammar, "a,a"), Fit::kNo);
  EXPECT_EQ(fit(parsed("root ::= \"a\"{2} \"b\"{0,2} \"c\"{1,}"), "aabbccc"), Fit::kWhole);
  EXPECT_EQ(fit(parsed("root ::= \"a\"{2} \"b\"{0,2} \"c\"{1,}"), "aabbb"), Fit::kNo);
}

TEST(Grammar, CharactersAreThoseOfUnicode) {
  const Grammar grammar = parsed("root ::= [ä-ü] [^a-zé] \"\\u20ac\" .");
  EXPECT_EQ(fit(grammar, "öß€x"), Fit::kWhole);
  EXPECT_EQ(fit(grammar, "ö😀€😀"), Fit::kWhole);
  EXPECT_EQ(fit(grammar, "ö\xf0\x9f"), Fit::kBegins);  // inside a character
  EXPECT_EQ(fit(grammar, "öé"), Fit::kNo);
  EXPECT_EQ(fit(grammar, "a"), Fit::kNo);
}

TEST(Grammar, OfPhrases) {
  const std::vector<std::string> phrases = {"lights on", "lights off"};
  const Grammar grammar = Grammar::of_phrases(phrases).value();
  EXPECT_EQ(fit(grammar, "lights o"), Fit::kBegins);
  EXPECT_EQ(fit(grammar, "lights off"), Fit::kWhole);
  EXPECT_FALSE(Grammar::of_phrases({}).ok());
}

TEST(Grammar, SaysWhatIsWrong) {
  for (const auto& [gbnf, part] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "root"},
           {"root ::= \"a", "line 1"},
           {"\nroot = \"a\"", "line 2: expected ::=, found `=`"},
           {"root ::= missing", "a rule missing"},
           {"root ::= root \"a\"", "begin with something else"},
           {"root ::= (\"a\"?)*", "may be empty"},
           {"root ::= a\na ::= b?\nb ::= a", "begin with something else"},
           {"root ::= [z-a]", "lower to higher"},
           {"root ::= []", "a character within"},
           {"root ::= \"a\"{3,2}", "n up to m"},
           {"root ::= \"a\"{9999}", "a number up to 1000"},
           {"root ::= \"\\q\"", "an escape"},
           {"root ::= \"\\ud800\"", "number of a character"},
           {"root ::= (\"a\"", "expected )"},
           {"root ::= \"a\" )", "end of the line"},
           {"root ::= \"a\"\nroot ::= \"b\"", "one rule of the name root"},
           {"root ::= \xff", "UTF-8"}}) {
    const Result<Grammar> grammar = Grammar::parse(gbnf);
    ASSERT_FALSE(grammar.ok()) << gbnf;
    EXPECT_NE(grammar.status().message().find(part), std::string::npos)
        << gbnf << ": " << grammar.status().message();
  }
}

TEST(Grammar, IsBoundedWhateverItSays) {
  std::string deep = "root ::= " + std::string(100, '(') + "\"a\"" + std::string(100, ')');
  EXPECT_FALSE(Grammar::parse(deep).ok());
  std::string many = "root ::= ";
  for (int i = 0; i < 20; ++i) many += "((((\"a\"{1000}){1000}){1000}){1000}) ";
  EXPECT_TRUE(Grammar::parse(many).ok());  // nothing is written out
  // 2^20 ways to begin.
  std::string ways = "root ::= r0\n";
  for (int i = 0; i < 20; ++i) {
    ways += fmt::format("r{} ::= r{} \"x\" | r{} \"y\"\n", i, i + 1, i + 1);
  }
  const Grammar grammar = parsed(ways + "r20 ::= \"a\"");
  EXPECT_LE(grammar.begin().size(), 4096u);
}

TEST(Utf8Ranges, HoldTheCharactersAndNothingElse) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    char32_t first = random() % 0x110000, last = random() % 0x110000;
    if (round % 3 == 0) first %= 0x900, last %= 0x900;
    if (last < first) std::swap(first, last);
    const auto ranges = utf8_ranges(first, last);
    for (int probe = 0; probe < 300; ++probe) {
      char32_t c = random() % 0x110000;
      if (probe % 4 == 0) c = first + random() % 3 - 1;
      if (probe % 4 == 1) c = last + random() % 3 - 1;
      if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) continue;
      std::string bytes;
      append_utf8(c, &bytes);
      const bool held = std::ranges::any_of(ranges, [&](const std::vector<ByteRange>& range) {
        if (range.size() != bytes.size()) return false;
        for (size_t i = 0; i < bytes.size(); ++i) {
          const auto byte = static_cast<uint8_t>(bytes[i]);
          if (byte < range[i].first || byte > range[i].second) return false;
        }
        return true;
      });
      ASSERT_EQ(held, c >= first && c <= last)
          << uint32_t{first} << ' ' << uint32_t{last} << ' ' << uint32_t{c};
    }
  }
}

}  // namespace
}  // namespace escuta::text
