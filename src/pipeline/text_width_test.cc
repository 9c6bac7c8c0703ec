#include "pipeline/text_width.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

using Pieces = std::vector<std::string_view>;

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("Straße"), 6U);
  EXPECT_EQ(display_width("日本語"), 6U);
  EXPECT_EQ(display_width("e\u0301"), 1U);  // an accent of its own
  EXPECT_EQ(display_width("a\xFFz"), 3U);
}

TEST(LinePieces, BreakBeforeSpaces) {
  EXPECT_EQ(line_pieces("and so  my"), (Pieces{"and", " so", "  my"}));
  EXPECT_EQ(line_pieces(" x "), (Pieces{" x", " "}));
  EXPECT_EQ(line_pieces(""), Pieces{});
}

TEST(LinePieces, BreakAroundWideCharactersButNotBeforeClosingOnes) {
  EXPECT_EQ(line_pieces("私は、a bc猫。"), (Pieces{"私", "は、", "a", " bc", "猫。"}));
}

TEST(LinePieces, NeverCutACharacter) {
  const std::string_view text = "é\u0301 𝄞語\u3099\xE3\x81";
  std::string joined;
  for (const std::string_view piece : line_pieces(text)) {
    EXPECT_FALSE(piece.empty());
    EXPECT_NE(static_cast<unsigned char>(piece.front()) & 0xC0, 0x80);
    joined += piece;
  }
  EXPECT_EQ(joined, text);
}

}  // namespace
}  // namespace escuta::pipeline
