#include "base/printable.h"

#include <gtest/gtest.h>

namespace escuta {
namespace {

TEST(Printable, CutsAtCharacters) {
  EXPECT_EQ(printable("short", 5), "short");
  EXPECT_EQ(printable("longer", 5), "long…");
  EXPECT_EQ(printable("éééééé", 5), "éééé…");
  EXPECT_EQ(text_width(printable(std::string(300, 'x'))), 80u);
}

TEST(Printable, NamesCannotSteerATerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("two\nlines"), "two lines");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // U+009B begins a sequence as well
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
}

}  // namespace
}  // namespace escuta
