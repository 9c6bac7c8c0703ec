#include "text/utf8.h"

#include <gtest/gtest.h>

namespace escuta::text {
namespace {

TEST(Utf8, ReplacesEachMaximalSubpart) {
  // The rows of The Unicode Standard, tables 3-8 to 3-11.
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("a\xE2\x82"), "a" + r);
}

TEST(Utf8, KeepsWhatIsWellFormed) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF";
  EXPECT_TRUE(is_utf8(text));
  EXPECT_EQ(replace_invalid_utf8(text), text);
  std::string again;
  for (const char32_t c : {U'a', U'\u00E9', U'\u20AC', U'\U0001F600', U'\U0010FFFF'}) {
    append_utf8(c, &again);
  }
  EXPECT_EQ(again, text);
  EXPECT_FALSE(is_utf8("\x80"));
}

TEST(Utf8, KnowsAnEndThatCanBeCompleted) {
  EXPECT_EQ(incomplete_utf8_tail(""), 0u);
  EXPECT_EQ(incomplete_utf8_tail("abc"), 0u);
  EXPECT_EQ(incomplete_utf8_tail("a\xC3"), 1u);
  EXPECT_EQ(incomplete_utf8_tail("a\xE2\x82"), 2u);
  EXPECT_EQ(incomplete_utf8_tail("\xF0\x9F\x98"), 3u);
  EXPECT_EQ(incomplete_utf8_tail("\xF0\x9F\x98\x80"), 0u);
  EXPECT_EQ(incomplete_utf8_tail("\xE0\x80"), 0u);      // over-long: nothing completes it
  EXPECT_EQ(incomplete_utf8_tail("\xED\xA0"), 0u);      // a surrogate
  EXPECT_EQ(incomplete_utf8_tail("\x80\x80\x80"), 0u);  // continues nothing
  EXPECT_EQ(incomplete_utf8_tail("\xFF"), 0u);
}

TEST(Utf8, WhiteSpaceIsUnicodes) {
  EXPECT_TRUE(is_white_space(0x85));
  EXPECT_TRUE(is_white_space(0x3000));
  EXPECT_FALSE(is_white_space(0x180E));
  EXPECT_FALSE(is_white_space(0x200B));
  EXPECT_FALSE(is_white_space(0x1C));
}

}  // namespace
}  // namespace escuta::text
