#include "cli/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(PageText, FoldsRowsThatDifferInANumber) {
  EXPECT_THAT(fold_numbers({{"ids", "int64"},
                            {"past.0.key", "float"},
                            {"past.0.value", "float"},
                            {"past.1.key", "float"},
                            {"past.1.value", "float"},
                            {"past.3.key", "float"}}),
              ElementsAre(Pair("ids", "int64"), Pair("past.{0-1}.key", "float"),
                          Pair("past.{0-1}.value", "float"), Pair("past.3.key", "float")));
  EXPECT_THAT(fold_numbers({{"x0", "float"}, {"x1", "int64"}}),
              ElementsAre(Pair("x0", "float"), Pair("x1", "int64")));
}

TEST(PageText, NumbersForPeople) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(human_bytes(1023), "1023 bytes");
  EXPECT_EQ(human_bytes(uint64_t{3} << 30), "3.0 GiB");
}

TEST(PageText, ColumnsFillThePage) {
  const std::vector<std::string> cells(7, std::string(30, 'c'));
  const std::string text = in_columns(cells);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  for (size_t at = 0, end; at < text.size(); at = end + 1) {
    end = text.find('\n', at);
    EXPECT_LE(end - at, kPageWidth);
  }
}

}  // namespace
}  // namespace escuta::cli
