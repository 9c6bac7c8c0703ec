#include "text/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace escuta::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

std::vector<std::string> words(const char* config, std::string_view text) {
  const auto splitter = Splitter::create(Json::parse(config));
  EXPECT_TRUE(splitter.ok()) << splitter.status().message();
  std::vector<std::string> found;
  if (splitter.ok()) {
    splitter->split(text, [&](std::string_view word) { found.emplace_back(word); });
  }
  return found;
}

std::string error(const char* config) {
  const auto splitter = Splitter::create(Json::parse(config));
  return splitter.ok() ? "" : std::string(splitter.status().message());
}

std::string split_and_byte_level(const std::string& split) {
  return R"({"type": "Sequence", "pretokenizers": [)" + split +
         R"(, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})";
}

TEST(Splitter, CutsAsGpt2Does) {
  const char* config = R"({"type": "ByteLevel", "add_prefix_space": false})";
  EXPECT_THAT(words(config, "I'll say  42's  "),
              ElementsAre("I", "'ll", " say", " ", " 42", "'s", "  "));
  EXPECT_THAT(words(config, ""), ElementsAre());
  // U+180E is no white space; U+0085 is.
  EXPECT_THAT(words(config, "a\u180E\u0085"), ElementsAre("a", "\u180E", "\u0085"));
}

TEST(Splitter, PutsASpaceBeforeIfAsked) {
  const char* config = R"({"type": "ByteLevel"})";
  EXPECT_THAT(words(config, "a b"), ElementsAre(" a", " b"));
  EXPECT_THAT(words(config, " a"), ElementsAre(" a"));
}

TEST(Splitter, KnowsTheFiveBehaviours) {
  const auto split = [](const char* behavior, const char* invert) {
    return words(split_and_byte_level(R"({"type": "Split", "pattern": {"String": "-"}, )"
                                      R"("behavior": ")" +
                                      std::string(behavior) + R"(", "invert": )" + invert + "}")
                     .c_str(),
                 "The-final--countdown");
  };
  EXPECT_THAT(split("Removed", "false"), ElementsAre("The", "final", "countdown"));
  EXPECT_THAT(split("Isolated", "false"), ElementsAre("The", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(split("MergedWithPrevious", "false"),
              ElementsAre("The-", "final-", "-", "countdown"));
  EXPECT_THAT(split("MergedWithNext", "false"), ElementsAre("The", "-final", "-", "-countdown"));
  EXPECT_THAT(split("Contiguous", "false"), ElementsAre("The", "-", "final", "--", "countdown"));
  EXPECT_THAT(split("Removed", "true"), ElementsAre("-", "-", "-"));
}

TEST(Splitter, AnEmptyMatchCuts) {
  const std::string config = split_and_byte_level(
      R"x({"type": "Split", "pattern": {"Regex": "(?=[A-Z])"}, "behavior": "Isolated"})x");
  EXPECT_THAT(words(config.c_str(), "helloThereB"), ElementsAre("hello", "There", "B"));
}

TEST(Splitter, DigitsAloneOrTogether) {
  EXPECT_THAT(
      words(split_and_byte_level(R"({"type": "Digits", "individual_digits": true})").c_str(),
            "a12\u00BD"),
      ElementsAre("a", "1", "2", "\u00BD"));
  EXPECT_THAT(words(split_and_byte_level(R"({"type": "Digits"})").c_str(), "12a"),
              ElementsAre("12", "a"));
}

TEST(Splitter, RefusesByName) {
  EXPECT_THAT(error("null"), HasSubstr("expected ByteLevel"));
  EXPECT_THAT(error(R"({"type": "Metaspace"})"), HasSubstr("found `Metaspace`"));
  EXPECT_THAT(error(R"({"type": "Digits"})"), HasSubstr("expected ByteLevel as the last step"));
  EXPECT_THAT(error(R"({"type": "Sequence"})"), HasSubstr("`pretokenizers`"));
  const std::string bad_pattern = split_and_byte_level(
      R"({"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Removed"})");
  EXPECT_THAT(error(bad_pattern.c_str()), HasSubstr("expected a regular expression, found `(a`"));
  EXPECT_THAT(error(R"({"type": "ByteLevel", "use_regex": 3})"), HasSubstr("`use_regex`"));
}

TEST(Splitter, DeepNestingIsRefusedOrFlat) {
  std::string config = R"({"type": "ByteLevel"})";
  for (int i = 0; i < 50; ++i) {
    config = R"({"type": "Sequence", "pretokenizers": [)" + config + "]}";
  }
  EXPECT_THAT(words(config.c_str(), "a"), ElementsAre(" a"));
}

TEST(Regex, EndsOnAPatternThatNeverDoes) {
  const Regex regex = Regex::compile("(x+x+)+y").value();
  EXPECT_TRUE(regex.find_all(std::string(5000, 'x')).empty());
}

TEST(Regex, WordCharactersAreOnigurumas) {
  const Regex regex = Regex::compile(R"(\w+)").value();
  EXPECT_EQ(regex.find_all("\u0915\u093F\u203F\u0915").size(), 1u);  // a vowel sign, a tie
  EXPECT_EQ(Regex::compile(R"([\W])").status().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace escuta::text
