#include "text/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::text {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces(std::vector<AddedToken> tokens, std::string_view text) {
  const AddedTokenMatcher matcher = AddedTokenMatcher::create(std::move(tokens)).value();
  std::vector<std::string> found;
  matcher.split(
      text, [&](std::string_view piece) { found.push_back("[" + std::string(piece) + "]"); },
      [&](int32_t id) { found.push_back(std::to_string(id)); });
  return found;
}

TEST(AddedTokenMatcher, LongestAtTheLeftmostPlace) {
  const std::vector<AddedToken> tokens = {{1, "<a>"}, {2, "<a><b>"}, {3, "b>"}};
  EXPECT_THAT(pieces(tokens, "x<a><b>y<a>b>"), ElementsAre("[x]", "2", "[y]", "1", "3"));
  EXPECT_THAT(pieces(tokens, "<a"), ElementsAre("[<a]"));
  EXPECT_THAT(pieces(tokens, ""), ElementsAre());
  EXPECT_THAT(pieces({}, "abc"), ElementsAre("[abc]"));
}

TEST(AddedTokenMatcher, StripTakesTheWhiteSpaceBeside) {
  EXPECT_THAT(pieces({{1, "<a>", false, true, false}}, "x \u3000<a> y"),
              ElementsAre("[x]", "1", "[ y]"));
  EXPECT_THAT(pieces({{1, "<a>", false, false, true}}, "x <a> \u3000y"),
              ElementsAre("[x ]", "1", "[y]"));
  EXPECT_THAT(pieces({{1, "<a>", false, true, true}}, "<a> <a>"), ElementsAre("1", "1"));
}

TEST(AddedTokenMatcher, SingleWordTouchesNoWord) {
  const std::vector<AddedToken> tokens = {{1, "ab", true, false, false}};
  EXPECT_THAT(pieces(tokens, "ab xab ab_ \u00E9ab, ab!"),
              ElementsAre("1", "[ xab ab_ \u00E9ab, ]", "1", "[!]"));
  EXPECT_THAT(pieces(tokens, "ab\u200D"), ElementsAre("[ab\u200D]"));
}

TEST(AddedTokenMatcher, BoundsWhatItHolds) {
  EXPECT_FALSE(AddedTokenMatcher::create({{1, ""}}).ok());
  EXPECT_FALSE(AddedTokenMatcher::create({{1, std::string(1025, 'a')}}).ok());
  std::vector<AddedToken> many(5000, AddedToken{1, std::string(1000, 'a')});
  EXPECT_FALSE(AddedTokenMatcher::create(std::move(many)).ok());
}

}  // namespace
}  // namespace escuta::text
