#include "cli/lists.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace escuta::cli {
namespace {

using Strings = std::vector<std::string>;

TEST(Lists, PartsAreTrimmedAndNotEmpty) {
  EXPECT_EQ(parse_list("--x", "de, en", "a,b").value(), (Strings{"de", "en"}));
  for (const char* bad : {"", "de,", ",de", "de, ,en", "\xff"}) {
    const auto found = parse_list("--x", bad, "a,b");
    ASSERT_FALSE(found.ok()) << bad;
    EXPECT_NE(found.status().message().find("--x: expected a list with commas such as a,b"),
              std::string::npos);
  }
}

TEST(Lists, AFileHasALineEach) {
  const std::string path = testing::TempDir() + "lists_test.txt";
  ASSERT_TRUE(write_file(path, "Aachen, \r\n\n  D\u00fcren\n").ok());
  EXPECT_EQ(parse_list_or_file("--x", "@" + path, "a,b").value(),
            (Strings{"Aachen,", "D\u00fcren"}));
  ASSERT_TRUE(write_file(path, "\n\n").ok());
  EXPECT_FALSE(parse_list_or_file("--x", "@" + path, "a,b").ok());
  ASSERT_TRUE(write_file(path, "a\xff").ok());
  EXPECT_FALSE(parse_list_or_file("--x", "@" + path, "a,b").ok());
  EXPECT_FALSE(parse_list_or_file("--x", "@/none/there", "a,b").ok());
  EXPECT_EQ(parse_list_or_file("--x", "a,b", "a,b").value(), (Strings{"a", "b"}));
}

TEST(Lists, IdsAreWholeNumbers) {
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(parse_ids("--x", "-1, 50257", -1, "-1").value(), (Ids{-1, 50257}));
  EXPECT_EQ(parse_ids("--x", "", -1, "-1").value(), Ids());
  for (const char* bad : {"-2", "1,", "1.5", "x", "99999999999"}) {
    EXPECT_FALSE(parse_ids("--x", bad, -1, "-1").ok()) << bad;
  }
}

}  // namespace
}  // namespace escuta::cli
