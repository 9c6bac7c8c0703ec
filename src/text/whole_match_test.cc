#include "text/whole_match.h"

#include <gtest/gtest.h>

#include <string>

namespace escuta::text {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto match = WholeMatch::compile(pattern);
  EXPECT_TRUE(match.ok()) << match.status().to_string();
  const auto result = match->matches(text);
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() && *result;
}

TEST(WholeMatch, WantsTheWholeText) {
  EXPECT_TRUE(matches("a+b", "aab"));
  EXPECT_FALSE(matches("a+b", "aabc"));
  EXPECT_FALSE(matches("a+b", "xaab"));
  EXPECT_TRUE(matches("a|ab", "ab"));  // not the first alternative that fits
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("a.c",
                      "a\xc3\xa9"
                      "c"));
}

TEST(WholeMatch, HasTheMeaningOfRe2) {
  EXPECT_FALSE(matches("\\w", "\xc3\xa9"));  // ASCII only
  EXPECT_FALSE(matches(".*", "a\nb"));
  EXPECT_FALSE(matches("a$", "a\n"));
  EXPECT_FALSE(matches("a\n^b", "a\nb"));
  EXPECT_TRUE(matches("(?i)straSSe", "STRASSE"));
  EXPECT_FALSE(matches(".*", "\xff"));  // not UTF-8
}

TEST(WholeMatch, TakesNoExponentialTime) {
  const std::string text = std::string(300, 'a') + "bc";  // the letters are there, in vain
  EXPECT_FALSE(matches("(a+)+b", text));
  EXPECT_FALSE(matches("(a|a)*b", text));
  EXPECT_FALSE(matches("(a?){30}a{400}", text));
}

TEST(WholeMatch, RefusesWhatIsNoRegularExpression) {
  EXPECT_EQ(WholeMatch::compile("(").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(WholeMatch::compile("\xff").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(WholeMatch::compile("(((a{1000}){1000}){1000})").status().code(),
            StatusCode::kInvalidArgument);
  const auto back_reference = WholeMatch::compile("(a)\\1");
  ASSERT_TRUE(back_reference.ok());
  EXPECT_EQ(back_reference->matches("aa").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escuta::text
