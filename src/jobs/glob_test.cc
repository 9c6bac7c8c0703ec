#include "jobs/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "base/temporary_folder.h"

namespace escuta::jobs {
namespace {

namespace fs = std::filesystem;

TEST(Matches, NamesAgainstOnePart) {
  EXPECT_TRUE(matches("talk.mp3", "*.mp3"));
  EXPECT_TRUE(matches("talk.mp3", "t??k.*"));
  EXPECT_TRUE(matches("日.mp3", "?.mp3"));
  EXPECT_TRUE(matches("a1", "[a-c][!2-9]"));
  EXPECT_TRUE(matches("a]", "a[]]"));
  EXPECT_TRUE(matches("[x", "[x"));  // no bracket closes: it is itself
  EXPECT_TRUE(matches("abcabd", "*abd"));
  EXPECT_FALSE(matches("talk.mp3", "*.MP3"));
  EXPECT_FALSE(matches("a2", "[a-c][!2-9]"));
  EXPECT_FALSE(matches(".hidden", "*"));
  EXPECT_TRUE(matches(".hidden", ".h*"));
  EXPECT_FALSE(matches("a", ""));
}

TEST(Matches, TakesNoLongerThanTheProductOfLengths) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  EXPECT_FALSE(matches(std::string(4000, 'a') + "b", pattern));
}

TEST(FixedPart, EndsBeforeTheFirstPattern) {
  EXPECT_EQ(fixed_part("a/b/*/c"), "a/b");
  EXPECT_EQ(fixed_part("*.mp3"), "");
  EXPECT_EQ(fixed_part("/*"), "/");
}

class Expand : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder.path() / "a/b");
    for (const char* name : {"x.mp3", "a/y.mp3", "a/b/z.mp3", "a/b/z.txt", "a/.h.mp3"}) {
      folder.write(name, "");
    }
    fs::create_directory_symlink("..", folder.path() / "a/up");  // a circle
  }
  std::vector<std::string> found(const std::string& pattern) {
    std::vector<std::string> names;
    for (const fs::path& path : expand_pattern(folder.path() / pattern)) {
      names.push_back(path.lexically_relative(folder.path()).string());
    }
    return names;
  }
  TemporaryFolder folder;
};

using Names = std::vector<std::string>;

TEST_F(Expand, StarsStayWithinAFolder) {
  EXPECT_EQ(found("*.mp3"), (Names{"x.mp3"}));
  EXPECT_EQ(found("a/*/*.mp3"), (Names{"a/b/z.mp3", "a/up/x.mp3"}));
  EXPECT_EQ(found("*/*.txt"), Names{});
}

TEST_F(Expand, TwoStarsCrossFoldersAndEndInACircle) {
  EXPECT_EQ(found("**/*.mp3"), (Names{"a/b/z.mp3", "a/y.mp3", "x.mp3"}));
  EXPECT_EQ(found("a/**"), (Names{"a/b/z.mp3", "a/b/z.txt", "a/up/x.mp3", "a/y.mp3"}));
  EXPECT_EQ(found("**/b/z.txt"), (Names{"a/b/z.txt"}));
}

}  // namespace
}  // namespace escuta::jobs
